#include "cli/demo/world.hpp"

#include <charconv>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace cpns::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr auto kReadyPoll = milliseconds(2);
constexpr auto kPatience = milliseconds(50);
constexpr auto kStartLimit = seconds(20);
constexpr auto kRunLimit = seconds(30);
constexpr auto kGrace = seconds(5);
constexpr std::string_view kAnyPort = "127.0.0.1:0";

std::string name_of(World::Party party) {
  switch (party) {
    case World::Party::Server:
      return "server";
    case World::Party::PnGw:
      return "gateway";
    case World::Party::CmDevice:
      return "device";
  }
  return {};
}

std::string program_of(World::Party party) { return "cpns-" + name_of(party); }

Result<std::string> read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || (in.peek() != std::ifstream::traits_type::eof() && !(text << in.rdbuf()))) {
    return Error{Code::named_file_unreadable, file.string(), "a readable file"};
  }
  return std::move(text).str();
}

// Keeps the file's permissions: configuration lies beside keys.
Result<void> write_text(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!(out << text << std::flush)) return Error{Code::named_file_unreadable, file.string(), "a writable file"};
  return {};
}

}  // namespace

Result<void> World::prepare() {
  for (auto* relay : {&operator_relay_, &pan_relay_, &direct_relay_}) {
    CPNS_TRY(*relay, Relay::start());
  }
  for (const auto party : {Party::Server, Party::PnGw, Party::CmDevice}) member(party).log.emplace(log_of(party));
  CPNS_CHECK(start_service());
  CPNS_CHECK(make_server());
  CPNS_CHECK(start(Party::Server));
  CPNS_CHECK(enroll_gateway());
  return start(Party::PnGw);
}

Result<void> World::start_service() {
  ChildProcess::Options options{program("cpns"), {"demo-service"}, {}, options_.folder / "service.err", true};
  CPNS_TRY(service_, ChildProcess::start(options));
  // Its first line is its port.
  char text[16]{};
  const auto size = ::read(service_->output_pipe(), text, sizeof text);
  const auto [end, error] = std::from_chars(text, text + std::max<ssize_t>(size, 0), service_port_);
  if (error != std::errc{} || service_port_ == 0) {
    return ended_early("cpns demo-service", service_->end(kGrace), options.errors);
  }
  return {};
}

Result<void> World::make_server() {
  const auto folder = folder_of(Party::Server);
  CPNS_CHECK(run("cpns-server", {"init", folder.string(), "--server-id", options_.server_id, "--operator-listen",
                                 std::string(kAnyPort), "--direct-listen", std::string(kAnyPort), "--operator-endpoint",
                                 operator_relay_->endpoint(), "--direct-endpoint", direct_relay_->endpoint()}));
  const auto file = folder / "server.toml";
  CPNS_TRY(const std::string text, read_text(file));
  // Once as HTTP, with the caller's fields, and once as the bytes that it speaks.
  const auto upstream = "upstream = \"127.0.0.1:" + std::to_string(service_port_) + "\"\n";
  return write_text(file, text + "\n[service.hello]\n" + upstream + "\n[service.files]\nkind = \"tcp\"\n" + upstream);
}

Result<void> World::enroll_gateway() {
  const auto token = options_.folder / "enrolment.token";
  const auto folder = folder_of(Party::PnGw);
  CPNS_CHECK(run("cpns", {"gateway", "add", options_.pn_gw_id, "--server", folder_of(Party::Server).string(),
                          "--token-file", token.string()}));
  const auto enrolled = run("cpns-gateway", {"enroll", "--dir", folder.string(), "--token-file", token.string(),
                                             "--pan-listen", std::string(kAnyPort)});
  std::error_code ignored;
  fs::remove(token, ignored);
  CPNS_CHECK(enrolled);
  // Devices are to come through the relay.
  const auto file = folder / "gateway.toml";
  CPNS_TRY(std::string text, read_text(file));
  const std::string empty = "endpoints = []";
  const auto at = text.find(empty);
  if (at == std::string::npos) return Error{Code::named_file_unreadable, file.string(), empty};
  return write_text(file, text.replace(at, empty.size(), "endpoints = [\"" + pan_relay_->endpoint() + "\"]"));
}

Result<void> World::start(Party party) {
  const auto folder = folder_of(party).string();
  if (party == Party::Server) {
    CPNS_CHECK(launch(party, "cpns-server", {"run", folder}));
    CPNS_TRY(const auto operator_port, await_listener(party, "operator"));
    CPNS_TRY(const auto direct_port, await_listener(party, "direct"));
    operator_relay_->set_upstream(operator_port);
    direct_relay_->set_upstream(direct_port);
    return {};
  }
  CPNS_CHECK(launch(party, program_of(party), {"run", "--dir", folder}));
  if (party == Party::PnGw) {
    CPNS_TRY(const auto pan_port, await_listener(party, "pan"));
    pan_relay_->set_upstream(pan_port);
  }
  return {};
}

void World::kill(Party party) {
  auto& process = member(party).process;
  if (!process) return;
  process->kill();
  process.reset();  // killed on purpose: stop_all() has no exit status to judge
}

Result<void> World::stop(Party party) {
  auto& process = member(party).process;
  if (!process) return {};
  const auto status = process->end(kGrace);
  process.reset();
  if (!status.clean()) return ended_early(program_of(party), status, words_of(party));
  return {};
}

bool World::runs(Party party) {
  auto& process = member(party).process;
  return process && !process->poll();
}

pid_t World::pid(Party party) {
  auto& process = member(party).process;
  return process ? process->pid() : -1;
}

Result<void> World::stop_all() {
  for (const auto party : {Party::CmDevice, Party::PnGw, Party::Server}) CPNS_CHECK(stop(party));
  if (service_) service_->end(kGrace);
  service_.reset();
  return {};
}

Result<std::filesystem::path> World::make_pairing_code() {
  const auto picture = options_.folder / "pairing-code.png";
  CPNS_CHECK(
      run("cpns-gateway", {"pair", "--dir", folder_of(Party::PnGw).string(), "--png", picture.string(), "--json"}));
  return picture;
}

Result<void> World::start_pairing(const fs::path& code) {
  return launch(Party::CmDevice, "cpns-device",
                {"pair", code.string(), "--dir", folder_of(Party::CmDevice).string(), "--name", options_.device_name});
}

Result<ExitStatus> World::wait_for_device(milliseconds limit) {
  auto& process = member(Party::CmDevice).process;
  if (!process) return Error{Code::program_ended_early, "cpns-device does not run", "a running program"};
  if (const auto status = process->wait(limit)) return *status;
  return Error{Code::wait_timed_out, "cpns-device still runs after " + std::to_string(limit.count()) + " ms",
               "its end"};
}

Result<std::string> World::run(const std::string& name, std::vector<std::string> arguments) {
  const auto output = options_.folder / "run.out";
  const auto errors = options_.folder / "run.err";
  std::error_code ignored;
  fs::remove(output, ignored);
  fs::remove(errors, ignored);
  CPNS_TRY(auto child, ChildProcess::start({program(name), std::move(arguments), output, errors}));
  const auto deadline = Clock::now() + kRunLimit;
  auto status = child.poll();
  for (; !status && Clock::now() < deadline; status = child.wait(kPatience)) {
    if (interrupted()) return Error{Code::interrupted};
  }
  if (!status) return Error{Code::wait_timed_out, name + " still runs", "its end within 30 s"};
  auto text = read_text(output);
  fs::remove(output, ignored);  // it may hold a pairing code
  if (!status->clean()) return ended_early(name, *status, errors);
  return text;
}

Result<std::string> World::request(const std::string& service, const std::string& path) {
  return run("cpns-device", {"request", service, path, "--dir", folder_of(Party::CmDevice).string()});
}

Result<void> World::configure_device(const std::string& text) {
  const auto file = folder_of(Party::CmDevice) / "device.toml";
  CPNS_CHECK(write_text(file, text));
  std::error_code error;
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return Error{Code::named_file_unreadable, file.string(), "a file of this user"};
  return {};
}

Result<ChildProcess> World::start_device_tool(std::vector<std::string> arguments) {
  const auto errors = options_.folder / (arguments.front() + ".err");
  arguments.insert(arguments.end(), {"--dir", folder_of(Party::CmDevice).string()});
  return ChildProcess::start({program("cpns-device"), std::move(arguments), {}, errors, true});
}

Result<ChildProcess> World::start_request(const std::string& service, const std::string& path) {
  return start_device_tool({"request", service, path});
}

std::vector<World::Event> World::read_logs() {
  auto events = std::exchange(unread_, {});
  for (const auto party : {Party::Server, Party::PnGw, Party::CmDevice}) {
    if (!member(party).log) continue;
    for (auto& line : member(party).log->read_new()) events.push_back({party, std::move(line)});
  }
  return events;
}

Relay* World::link(assign::LinkKind kind) {
  switch (kind) {
    case assign::LinkKind::Operator:
      return operator_relay_.get();
    case assign::LinkKind::Pan:
      return pan_relay_.get();
    case assign::LinkKind::Direct:
      return direct_relay_.get();
    case assign::LinkKind::None:
      return nullptr;
  }
  return nullptr;
}

fs::path World::folder_of(Party party) const {
  return options_.folder / (party == Party::CmDevice ? options_.device_name : name_of(party));
}
fs::path World::log_of(Party party) const { return folder_of(party).string() + ".log"; }
fs::path World::words_of(Party party) const { return folder_of(party).string() + ".err"; }

void World::use_device(const std::string& name) {
  unread_ = read_logs();
  options_.device_name = name;
  member(Party::CmDevice).process.reset();
  member(Party::CmDevice).log.emplace(log_of(Party::CmDevice));
}

Result<void> World::launch(Party party, const std::string& name, std::vector<std::string> arguments) {
  unread_ = read_logs();
  launched_at_ = unread_.size();
  const auto log = log_of(party).string();
  arguments.insert(arguments.end(), {"--log-format", "json", "--log-file", log});
  CPNS_TRY(member(party).process, ChildProcess::start({program(name), std::move(arguments), {}, words_of(party)}));
  return {};
}

Result<std::uint16_t> World::await_listener(Party party, const std::string& listener) {
  for (const auto deadline = Clock::now() + kStartLimit; Clock::now() < deadline;) {
    unread_ = read_logs();
    for (std::size_t i = launched_at_; i < unread_.size(); ++i) {
      const auto& [from, line] = unread_[i];
      if (from != party || !line.is("listener_started") || line.string("listener") != listener) continue;
      const auto address = line.string("address");
      std::uint16_t port = 0;
      const auto colon = address.rfind(':') + 1;
      std::from_chars(address.data() + colon, address.data() + address.size(), port);
      if (port != 0) return port;
    }
    if (const auto status = member(party).process->poll()) {
      return ended_early(program_of(party), *status, words_of(party));
    }
    if (interrupted()) return Error{Code::interrupted};
    std::this_thread::sleep_for(kReadyPoll);
  }
  return Error{Code::wait_timed_out, program_of(party) + " does not listen on its " + listener + " link",
               "within 20 s"};
}

Error World::ended_early(const std::string& name, const ExitStatus& status, const fs::path& words) const {
  std::string got = name + ": " + status.text();
  for (const auto& line : last_lines(words, 5)) got += "\n    " + line;
  return {Code::program_ended_early, std::move(got), "exit status 0"};
}

}  // namespace cpns::cli
