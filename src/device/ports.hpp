#pragma once
// Services of the CPNS Server as TCP ports and Unix sockets of this machine: each connection becomes a stream of the
// session, which goes on while links come and go.

#include <list>
#include <memory>
#include <set>

#include "device/device_config.hpp"
#include "device/stream_opener.hpp"
#include "runtime/listener.hpp"
#include "runtime/splice.hpp"
#include "runtime/unix_listener.hpp"

namespace cpns::device {

struct PortLimits {
  std::size_t connections = 256;  ///< at once, of all ports together
  /// An application may be silent for long: an SSH session overnight.
  runtime::SpliceLimits splice{std::chrono::hours(24)};
};

class LocalPorts {
 public:
  /// `opener` and `log` must outlive it and the loop's last run.
  LocalPorts(runtime::asio::any_io_executor executor, StreamOpener& opener, runtime::Log& log, PortLimits limits = {});
  ~LocalPorts();
  LocalPorts(const LocalPorts&) = delete;
  LocalPorts& operator=(const LocalPorts&) = delete;

  /// Serves it from now on. Returns its real address. Fails with `listen_failed`.
  [[nodiscard]] Result<std::string> add(const DeviceConfig::Forward& forward);
  /// Ends listeners and connections.
  void stop();
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cpns::device
