#pragma once
// The three programs as real processes in one folder, with a relay on each link between them and a small service
// behind the server. `cpns demo` shows one; tests kill and restart its parts. Not thread-safe.

#include <array>

#include "cli/child_process.hpp"
#include "cli/log_follower.hpp"
#include "cli/relay.hpp"
#include "core/assign/steps.hpp"

namespace cpns::cli {

class World {
 public:
  using Party = assign::Party;
  struct Options {
    std::filesystem::path folder;    ///< everything is made in it; must exist
    std::filesystem::path programs;  ///< folder of the four programs
    std::string server_id = "cpns.example.net";
    std::string pn_gw_id = "sip:alice@ims.example.net";
    std::string device_name = "tablet-7";  ///< also the name of its folder
    std::function<bool()> interrupted{};   ///< asked while something is waited for; true ends the wait (`interrupted`)
  };
  /// One line of one program's log.
  struct Event {
    Party party;
    LogLine line;
  };

  explicit World(Options options) : options_(std::move(options)) {}

  /// Relays, service, a server with one enrolled PN GW, both running. Takes some hundred milliseconds.
  [[nodiscard]] Result<void> prepare();

  /// From now on another device is meant, with a folder and a log of its own; the one before keeps both.
  void use_device(const std::string& name);

  // Server and PN GW: `start` returns when the program is ready for connections.
  [[nodiscard]] Result<void> start(Party party);
  /// SIGKILL.
  void kill(Party party);
  /// SIGTERM; fails with `program_ended_early` where it does not end with status 0.
  [[nodiscard]] Result<void> stop(Party party);
  [[nodiscard]] bool runs(Party party);
  [[nodiscard]] pid_t pid(Party party);
  /// Stops everything in order, the device first.
  [[nodiscard]] Result<void> stop_all();

  /// A new pairing code, as a picture of its QR code: a code on a command line could be read by other users.
  [[nodiscard]] Result<std::filesystem::path> make_pairing_code();
  /// `cpns-device pair` in the background; `runs(CmDevice)` says whether it still does.
  [[nodiscard]] Result<void> start_pairing(const std::filesystem::path& code);
  /// Waits for the device's program to end.
  [[nodiscard]] Result<ExitStatus> wait_for_device(std::chrono::milliseconds limit);

  /// A program with arguments, from start to end; its standard output. Fails with `program_ended_early`, whose `got`
  /// holds its last words.
  [[nodiscard]] Result<std::string> run(const std::string& program, std::vector<std::string> arguments);
  /// The device's device.toml; holds from its next start on.
  [[nodiscard]] Result<void> configure_device(const std::string& text);
  /// `cpns-device` with arguments, in the device's folder; its standard output is to be read.
  [[nodiscard]] Result<ChildProcess> start_device_tool(std::vector<std::string> arguments);
  /// `cpns-device request SERVICE PATH`: the body.
  [[nodiscard]] Result<std::string> request(const std::string& service, const std::string& path);
  [[nodiscard]] Result<ChildProcess> start_request(const std::string& service, const std::string& path);

  /// New log lines of all programs, each program's in order.
  [[nodiscard]] std::vector<Event> read_logs();

  [[nodiscard]] Relay& operator_link() { return *operator_relay_; }
  [[nodiscard]] Relay& pan_link() { return *pan_relay_; }
  [[nodiscard]] Relay& direct_link() { return *direct_relay_; }
  /// The relay of a link; nullptr for LinkKind::None.
  [[nodiscard]] Relay* link(assign::LinkKind kind);
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] std::filesystem::path folder_of(Party party) const;
  [[nodiscard]] std::filesystem::path log_of(Party party) const;
  [[nodiscard]] std::filesystem::path words_of(Party party) const;  ///< standard error

 private:
  struct Member {
    std::optional<ChildProcess> process;
    std::optional<LogFollower> log;
  };
  Member& member(Party party) { return members_[static_cast<std::size_t>(party)]; }
  [[nodiscard]] std::filesystem::path program(const std::string& name) const { return options_.programs / name; }
  [[nodiscard]] std::vector<std::string> log_options(Party party) const;
  [[nodiscard]] Result<void> launch(Party party, const std::string& program, std::vector<std::string> arguments);
  [[nodiscard]] Result<void> start_service();
  [[nodiscard]] Result<void> make_server();
  [[nodiscard]] Result<void> enroll_gateway();
  /// The port that a listener of a program which has just been started reports.
  [[nodiscard]] Result<std::uint16_t> await_listener(Party party, const std::string& listener);
  [[nodiscard]] bool interrupted() const { return options_.interrupted && options_.interrupted(); }
  [[nodiscard]] Error ended_early(const std::string& program, const ExitStatus& status,
                                  const std::filesystem::path& words) const;

  Options options_;
  std::unique_ptr<Relay> operator_relay_, pan_relay_, direct_relay_;
  std::array<Member, 3> members_;
  std::optional<ChildProcess> service_;
  std::uint16_t service_port_ = 0;
  std::vector<Event> unread_;
  std::size_t launched_at_ = 0;  ///< first of `unread_` that can come from the program launched last
};

}  // namespace cpns::cli
