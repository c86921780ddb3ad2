#include "paths.hpp"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "support/deadline.hpp"

namespace cpns::bench {
namespace {

namespace fs = std::filesystem;
using Party = test::HostWorld::Party;

constexpr auto kServer = test::HostWorld::kDirectServer;
constexpr auto kLoopback = "127.0.0.1";
constexpr auto kPlainPort = "9000";
constexpr auto kTlsPort = "9002";
constexpr auto kSessionPort = "9005";
constexpr auto kStunnelPort = "9003";
constexpr auto kStunnelLocalPort = "9004";

void write_file(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  if (!(out << text << std::flush)) throw std::runtime_error("cannot write " + file.string());
  fs::permissions(file, fs::perms(0600));
}

}  // namespace

double cpu_of(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (pid <= 0 || ::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void run_device(test::HostWorld& world) {
  world.write("device.toml", Party::CmDevice,
              "[policy]\nhold_seconds = 0\nswitches_per_minute = 60\n[[forward]]\nservice = \"bulk\"\nlisten = \"" +
                  std::string(kLoopback) + ":" + Paths::kDevicePort + "\"\n");
  world.start(Party::CmDevice);
  if (!world.await_path("direct")) throw std::runtime_error("the device has no direct link\n" + world.last_words());
}

Paths::Paths(test::HostWorld& world, fs::path programs)
    : world_(world), peer_(programs / "bench_peer"), carrier_peer_(programs / "bench_carrier") {
  start_source(peer_, "source", kServer, kPlainPort);
  start_source(peer_, "source", kLoopback, kSourcePort);
  start_source(peer_, "tls-source", kServer, kTlsPort);
  start_source(carrier_peer_, "source", kServer, kSessionPort);
  start_stunnel();
}

void Paths::start_source(const std::string& program, const std::string& role, const std::string& address,
                         const std::string& port) {
  sources_.push_back(world_.launch(Party::Server, program, {role, address, port}, "pipe"));
  char text[8];
  if (::read(sources_.back().output_pipe(), text, sizeof text) <= 0) throw std::runtime_error(role + " did not start");
}

void Paths::start_stunnel() {
  const auto secrets = world_.file("stunnel.psk");
  write_file(secrets, "bench:4242424242424242424242424242424242424242424242424242424242424242\n");
  const auto common = "foreground = yes\npid =\ndebug = warning\n[bench]\nPSKsecrets = " + secrets.string() +
                      "\nsslVersionMin = TLSv1.3\nciphersuites = TLS_AES_128_GCM_SHA256\n"
                      "socket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n";
  const auto server = world_.file("stunnel-server.conf");
  const auto client = world_.file("stunnel-client.conf");
  write_file(server, common + "ciphers = PSK\naccept = " + kServer + ":" + kStunnelPort + "\nconnect = " + kLoopback +
                         ":" + kSourcePort + "\n");
  write_file(client, common + "client = yes\nPSKidentity = bench\naccept = " + kLoopback + ":" + kStunnelLocalPort +
                         "\nconnect = " + kServer + ":" + kStunnelPort + "\n");
  stunnel_server_ = world_.launch(Party::Server, "/usr/bin/stunnel4", {server});
  stunnel_client_ = world_.launch(Party::CmDevice, "/usr/bin/stunnel4", {client});
  const auto works = [&] {
    try {
      (void)stunnel(1);
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  if (!test::eventually(works)) throw std::runtime_error("stunnel carries nothing\n" + world_.last_words());
}

nlohmann::json Paths::sink(const std::string& program, const std::string& role, const std::string& address,
                           const std::string& port, std::uint64_t bytes, const Watched& watched) {
  std::vector<double> before;
  for (const auto& [name, pid] : watched) before.push_back(cpu_of(pid));
  const auto said = world_.run(Party::CmDevice, program, {role, address, port, "bytes", std::to_string(bytes)});
  auto result = nlohmann::json::parse(said);
  auto cpu = nlohmann::json::object({{"sink", result.at("sink_cpu")}});
  result.erase("sink_cpu");
  for (std::size_t i = 0; i < watched.size(); ++i) cpu[watched[i].first] = cpu_of(watched[i].second) - before[i];
  result["cpu"] = cpu;
  return result;
}

nlohmann::json Paths::plain(std::uint64_t bytes) {
  return sink(peer_, "sink", kServer, kPlainPort, bytes, {{"source", sources_[0].pid()}});
}

nlohmann::json Paths::openssl(std::uint64_t bytes) {
  return sink(peer_, "tls-sink", kServer, kTlsPort, bytes, {{"source", sources_[2].pid()}});
}

nlohmann::json Paths::session(std::uint64_t bytes) {
  return sink(carrier_peer_, "sink", kServer, kSessionPort, bytes, {{"source", sources_[3].pid()}});
}

nlohmann::json Paths::stunnel(std::uint64_t bytes) {
  return sink(peer_, "sink", kLoopback, kStunnelLocalPort, bytes,
              {{"source", sources_[1].pid()},
               {"client", stunnel_client_ ? stunnel_client_->pid() : -1},
               {"server", stunnel_server_ ? stunnel_server_->pid() : -1}});
}

nlohmann::json Paths::device(std::uint64_t bytes) {
  return sink(peer_, "sink", kLoopback, kDevicePort, bytes,
              {{"source", sources_[1].pid()},
               {"device", world_.pid(Party::CmDevice)},
               {"gateway", world_.pid(Party::PnGw)},
               {"server", world_.pid(Party::Server)}});
}

}  // namespace cpns::bench
