#pragma once
// CPNS between real hosts. The device has two paths: its PAN to the gateway, and broadband to the server. The gateway
// has an operator path of its own. Nobody routes: what reaches the server from the PAN was carried by the gateway.
//
//     device  pan  10.77.1.2 ---- 10.77.1.1  pan  gateway  op  10.77.3.2 ---- 10.77.3.1  op  server
//     device  bb   10.77.2.2 -------------------------------------------- 10.77.2.1  bb  server
//
// Behind the server stands `cpns demo-service` as service `hello`. Not thread-safe; errors are std::runtime_error.

#include <array>
#include <functional>

#include "cli/log_follower.hpp"
#include "core/assign/steps.hpp"
#include "support/net/net_link.hpp"
#include "support/temp_dir.hpp"

namespace cpns::test {

struct Hosts {
  using Medium = NetLink::Medium;
  explicit Hosts(Medium medium = Medium::Tun)
      : pan({device, "pan", "10.77.1.2/24"}, {gateway, "pan", "10.77.1.1/24"}, medium),
        broadband({device, "bb", "10.77.2.2/24"}, {server, "bb", "10.77.2.1/24"}, medium),
        operator_path({gateway, "op", "10.77.3.2/24"}, {server, "op", "10.77.3.1/24"}, medium) {}

  NetworkNamespace device{"device"}, gateway{"gateway"}, server{"server"};
  NetLink pan, broadband, operator_path;
};

class HostWorld {
 public:
  using Party = assign::Party;
  struct Options {
    std::filesystem::path programs;  ///< folder of the four programs
    std::string more_settings{};     ///< appended to server.toml
    std::string gateway_settings{};  ///< appended to gateway.toml
    Hosts::Medium medium = Hosts::Medium::Tun;
  };
  using Words = std::vector<std::string>;

  explicit HostWorld(Options options);
  ~HostWorld();

  /// A server with one enrolled gateway, both running, and one device, paired and not running.
  void prepare();
  /// `cpns-device pair` for a device folder of this name, on the device's host.
  void pair(const std::string& name, const Words& more = {});

  void start(Party party);
  void start_device(const Words& more);
  void kill(Party party);
  /// SIGTERM; how it ended.
  cli::ExitStatus stop(Party party);
  [[nodiscard]] bool runs(Party party);
  [[nodiscard]] pid_t pid(Party party);  ///< -1 where it does not run
  /// Ends everything, the device first; what did not end with status 0, in words.
  [[nodiscard]] std::string stop_all();

  /// A program of ours or of the system on a host, to its end: its standard output and standard error.
  std::string run(Party host, const std::string& program, Words arguments);
  [[nodiscard]] cli::ChildProcess launch(Party host, const std::string& program, Words arguments,
                                         const std::string& output = {});
  /// `cpns-device` with these arguments and the folder of the device.
  std::string device(Words arguments);

  /// `cpns-device status --json`, or why there is none.
  [[nodiscard]] std::string status();
  /// The way that data goes: "direct" or "gateway"; empty while there is none.
  [[nodiscard]] std::string path();
  [[nodiscard]] bool await_path(const std::string& path, std::chrono::milliseconds limit = std::chrono::seconds(15));
  /// `cpns-device mode direct|gateway`, and waits until data goes that way; false where it does not.
  [[nodiscard]] bool switch_to(const std::string& mode);

  /// Reads logs until a line of this program fits; false where none has come within the limit. Lines from before
  /// forget() do not count.
  [[nodiscard]] bool await(Party party, const std::function<bool(const cli::LogLine&)>& fits,
                           std::chrono::milliseconds limit = std::chrono::seconds(20));
  [[nodiscard]] bool await(Party party, const std::string& name,
                           std::chrono::milliseconds limit = std::chrono::seconds(20));
  void forget();
  /// Last lines of every log and of what programs said, for a failed test.
  [[nodiscard]] std::string last_words() const;

  Hosts& hosts() { return hosts_; }
  [[nodiscard]] const NetworkNamespace& host(Party party) const;
  [[nodiscard]] std::filesystem::path folder(Party party) const;
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return dir_ / name; }
  /// Writes a file of a program's folder anew, or of another folder.
  void write(const std::string& name, Party party, const std::string& text) const { write(name, folder(party), text); }
  void write(const std::string& name, const std::filesystem::path& folder, const std::string& text) const;
  void use_device(const std::string& name) { device_name_ = name; }

  static constexpr auto kPanGateway = "10.77.1.1";
  static constexpr auto kDirectServer = "10.77.2.1";
  static constexpr auto kOperatorServer = "10.77.3.1";

 private:
  struct Program {
    std::optional<cli::ChildProcess> process{};
    std::optional<cli::LogFollower> log{};
    std::vector<cli::LogLine> lines{};
    std::size_t forgotten = 0;
  };
  Program& program(Party party) { return programs_[static_cast<std::size_t>(party)]; }
  void make_server();
  void enroll_gateway();
  void await_listener(Party party, const std::string& listener);
  void append(const std::filesystem::path& file, const std::string& text) const;

  Options options_;
  TempDir dir_;
  Hosts hosts_;
  std::array<Program, 3> programs_;
  std::optional<cli::ChildProcess> service_;
  std::string service_port_;
  std::string device_name_ = "tablet";
};

}  // namespace cpns::test
