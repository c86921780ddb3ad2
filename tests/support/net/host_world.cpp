#include "support/net/host_world.hpp"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include "support/deadline.hpp"

namespace cpns::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kGrace = seconds(5);
constexpr std::string_view kServerId = "cpns.example.net";
constexpr std::string_view kPnGwId = "sip:alice@ims.example.net";

std::string name_of(HostWorld::Party party) {
  switch (party) {
    case HostWorld::Party::Server:
      return "server";
    case HostWorld::Party::PnGw:
      return "gateway";
    case HostWorld::Party::CmDevice:
      return "device";
  }
  return {};
}

constexpr std::array kParties = {HostWorld::Party::CmDevice, HostWorld::Party::PnGw, HostWorld::Party::Server};

}  // namespace

HostWorld::HostWorld(Options options) : options_(std::move(options)), hosts_(options_.medium) {
  for (const auto party : kParties) program(party).log.emplace(dir_ / (name_of(party) + ".log"));
}

HostWorld::~HostWorld() { (void)stop_all(); }

const NetworkNamespace& HostWorld::host(Party party) const {
  switch (party) {
    case Party::Server:
      return hosts_.server;
    case Party::PnGw:
      return hosts_.gateway;
    case Party::CmDevice:
      return hosts_.device;
  }
  return hosts_.device;
}

fs::path HostWorld::folder(Party party) const {
  return dir_ / (party == Party::CmDevice ? device_name_ : name_of(party));
}

void HostWorld::prepare() {
  service_ = launch(Party::Server, "cpns", {"demo-service"}, "pipe");
  char text[16]{};
  const auto size = ::read(service_->output_pipe(), text, sizeof text - 1);
  service_port_ = std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  service_port_.erase(service_port_.find_last_not_of("\n") + 1);
  make_server();
  start(Party::Server);
  enroll_gateway();
  start(Party::PnGw);
  pair(device_name_);
}

void HostWorld::make_server() {
  const auto endpoint = std::string(kDirectServer) + ":7443";
  const auto operator_endpoint = std::string(kOperatorServer) + ":7440";
  run(Party::Server, "cpns-server",
      {"init", folder(Party::Server), "--server-id", std::string(kServerId), "--operator-listen", operator_endpoint,
       "--direct-listen", endpoint, "--operator-endpoint", operator_endpoint, "--direct-endpoint", endpoint});
  append(folder(Party::Server) / "server.toml",
         "\n[service.hello]\nupstream = \"127.0.0.1:" + service_port_ + "\"\n" + options_.more_settings);
}

void HostWorld::enroll_gateway() {
  const auto token = file("enrolment.token").string();
  run(Party::Server, "cpns",
      {"gateway", "add", std::string(kPnGwId), "--server", folder(Party::Server), "--token-file", token});
  run(Party::PnGw, "cpns-gateway",
      {"enroll", "--dir", folder(Party::PnGw), "--token-file", token, "--pan-listen",
       std::string(kPanGateway) + ":7445"});
  fs::remove(token);
  append(folder(Party::PnGw) / "gateway.toml", options_.gateway_settings);
}

void HostWorld::pair(const std::string& name, const Words& more) {
  const auto picture = file("pairing-code.png").string();
  run(Party::PnGw, "cpns-gateway", {"pair", "--dir", folder(Party::PnGw), "--png", picture, "--json"});
  Words words{"pair", picture, "--dir", file(name), "--name", name};
  words.insert(words.end(), more.begin(), more.end());
  run(Party::CmDevice, "cpns-device", words);
}

void HostWorld::start(Party party) {
  if (party == Party::CmDevice) return start_device({});
  auto words = party == Party::Server ? Words{"run", folder(party)} : Words{"run", "--dir", folder(party)};
  words.insert(words.end(), {"--log-format", "json", "--log-file", program(party).log->file()});
  forget();
  program(party).process = launch(party, "cpns-" + name_of(party), words);
  await_listener(party, party == Party::Server ? "direct" : "pan");
}

void HostWorld::start_device(const Words& more) {
  Words words{"run", "--dir", folder(Party::CmDevice)};
  words.insert(words.end(), more.begin(), more.end());
  words.insert(words.end(), {"--log-format", "json", "--log-file", program(Party::CmDevice).log->file()});
  program(Party::CmDevice).process = launch(Party::CmDevice, "cpns-device", words);
}

void HostWorld::await_listener(Party party, const std::string& listener) {
  const auto started = await(party, [&](const cli::LogLine& line) {
    return line.is("listener_started") && line.string("listener") == listener;
  });
  if (!started) throw std::runtime_error(name_of(party) + " does not listen\n" + last_words());
}

void HostWorld::kill(Party party) {
  auto& process = program(party).process;
  if (process) process->kill();
  process.reset();
}

cli::ExitStatus HostWorld::stop(Party party) {
  auto& process = program(party).process;
  if (!process) return {};
  const auto status = process->end(kGrace);
  process.reset();
  return status;
}

bool HostWorld::runs(Party party) {
  auto& process = program(party).process;
  return process && !process->poll();
}

pid_t HostWorld::pid(Party party) { return runs(party) ? program(party).process->pid() : -1; }

std::string HostWorld::stop_all() {
  std::string unclean;
  for (const auto party : kParties) {
    if (const auto status = stop(party); !status.clean()) unclean += name_of(party) + ": " + status.text() + "\n";
  }
  if (service_) service_->end(kGrace);
  service_.reset();
  return unclean;
}

std::string HostWorld::run(Party party, const std::string& name, Words arguments) {
  const auto own = options_.programs / name;
  arguments.insert(arguments.begin(), fs::exists(own) ? own.string() : name);
  return host(party).run(std::move(arguments));
}

std::string HostWorld::device(Words arguments) {
  arguments.insert(arguments.end(), {"--dir", folder(Party::CmDevice)});
  return run(Party::CmDevice, "cpns-device", std::move(arguments));
}

std::string HostWorld::status() {
  try {
    return device({"status", "--json"});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

std::string HostWorld::path() {
  const auto text = nlohmann::json::parse(status(), nullptr, false);
  if (!text.is_object() || !text.contains("run") || !text["run"].is_object()) return {};
  for (const auto& link : text["run"].value("links", nlohmann::json::array())) {
    if (link.value("preferred", false)) return link.value("path", std::string());
  }
  return {};
}

bool HostWorld::await_path(const std::string& wanted, milliseconds limit) {
  return eventually([&] { return path() == wanted; }, limit);
}

bool HostWorld::switch_to(const std::string& mode) {
  device({"mode", mode});
  return await_path(mode);
}

cli::ChildProcess HostWorld::launch(Party party, const std::string& name, Words arguments, const std::string& output) {
  const auto own = options_.programs / name;
  cli::ChildProcess::Options options{fs::exists(own) ? own : fs::path(name), std::move(arguments), {}, {}};
  options.errors = file(fs::path(name).filename().string() + ".err");
  options.pipe_output = output == "pipe";
  if (!options.pipe_output && !output.empty()) options.output = output;
  return host(party).start(std::move(options));
}

bool HostWorld::await(Party party, const std::function<bool(const cli::LogLine&)>& fits, milliseconds limit) {
  auto& own = program(party);
  std::size_t next = own.forgotten;
  return eventually(
      [&] {
        for (auto& line : own.log->read_new()) own.lines.push_back(std::move(line));
        while (next < own.lines.size()) {
          if (fits(own.lines[next++])) return true;
        }
        return false;
      },
      limit);
}

bool HostWorld::await(Party party, const std::string& name, milliseconds limit) {
  return await(
      party, [&](const cli::LogLine& line) { return line.is(name); }, limit);
}

void HostWorld::forget() {
  for (auto& own : programs_) {
    for (auto& line : own.log->read_new()) own.lines.push_back(std::move(line));
    own.forgotten = own.lines.size();
  }
}

std::string HostWorld::last_words() const {
  std::string text;
  for (const auto& entry : fs::directory_iterator(dir_.path())) {
    if (entry.path().extension() != ".log" && entry.path().extension() != ".err") continue;
    text += "---- last lines of " + entry.path().filename().string() + "\n";
    for (const auto& line : cli::last_lines(entry.path(), 25)) text += line + "\n";
  }
  return text;
}

void HostWorld::write(const std::string& name, const fs::path& folder, const std::string& text) const {
  fs::remove(folder / name);
  append(folder / name, text);
  fs::permissions(folder / name, fs::perms(0600));
}

void HostWorld::append(const fs::path& path, const std::string& text) const {
  std::ofstream out(path, std::ios::binary | std::ios::app);
  if (!(out << text << std::flush)) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace cpns::test
