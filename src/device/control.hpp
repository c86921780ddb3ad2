#pragma once
// How the commands of `cpns-device` speak with the `run` that is under way in a folder: control.sock there, mode 0600.
// control_lines.hpp has what they say.

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "device/control_lines.hpp"
#include "device/device_folder.hpp"
#include "runtime/asio.hpp"
#include "runtime/log.hpp"

namespace cpns::device {

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
