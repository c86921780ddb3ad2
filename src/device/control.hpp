#pragma once
// How the commands of `cpns-device` speak with the `run` that is under way in a folder: control.sock there, mode 0600,
// one JSON object a line. A request is {"want":"status"}, {"want":"watch"} or {"wish":"direct"}; the answer is a status
// (again at each change for watch), {"ok":true}, or {"error":TEXT}.

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/activation/activation.hpp"
#include "device/device_folder.hpp"
#include "runtime/asio.hpp"
#include "runtime/log.hpp"

namespace cpns::device {

/// What a running device is doing. No secret in it.
struct RunStatus {
  struct Link {
    activation::Path path{};
    bool preferred = false;
    ids::UnixTime up_since{};
    std::optional<std::chrono::microseconds> round_trip;
    bool operator==(const Link&) const = default;
  };
  activation::State state{};
  activation::Mode mode{};
  bool wished = false;  ///< the mode is the user's wish, not the policy's
  std::vector<Link> links;
  std::size_t streams = 0;
  std::uint64_t switches = 0;
  std::string cause;  ///< of the last change of state
  bool operator==(const RunStatus&) const = default;
};
[[nodiscard]] std::string json_of(const RunStatus& status);  ///< one line, without its end
/// One line for people from such a line. Fails with `control_refused` where it is none.
[[nodiscard]] Result<std::string> text_of_status(std::string_view json);

[[nodiscard]] std::filesystem::path control_socket(const DeviceFolder& folder);

/// The side of `run`. On the executor's thread.
class ControlSocket {
 public:
  /// None: back to the policy.
  using OnWish = std::function<void(std::optional<activation::Mode>)>;
  /// `log` must outlive it.
  ControlSocket(runtime::asio::any_io_executor executor, OnWish on_wish, runtime::Log& log);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// The folder's lock is held. Fails with `listen_failed`.
  [[nodiscard]] Result<void> open(const DeviceFolder& folder);
  /// Whoever watches is told where something has changed.
  void publish(RunStatus status);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The side of the commands: blocking. Each fails with `device_not_running` or `control_refused`.

/// The status as a line of JSON; nothing where no `run` answers.
[[nodiscard]] Result<std::string> ask_status(const DeviceFolder& folder);
/// Calls back with each status until `run` ends or SIGINT or SIGTERM comes.
[[nodiscard]] Result<void> watch_status(const DeviceFolder& folder, std::function<void(const std::string&)> on_line);
/// `word`: direct, gateway, prefer-direct, prefer-gateway or auto.
[[nodiscard]] Result<void> send_wish(const DeviceFolder& folder, std::string_view word);

}  // namespace cpns::device
