#pragma once
// The HTTP proxy for applications of this machine (http_proxy=http://127.0.0.1:3128): knows the services of the CPNS
// Server by their names and nothing else. http://NAME/ goes over an HTTP stream of the session, one for each request;
// CONNECT NAME:PORT and WebSocket over a bare one.

#include <memory>

#include "device/device_config.hpp"
#include "device/stream_opener.hpp"
#include "runtime/log.hpp"
#include "runtime/splice.hpp"

namespace cpns::device {

struct ProxyLimits {
  std::size_t connections = 256;
  std::chrono::milliseconds head{60'000};      ///< for a next request, and for its whole head
  std::chrono::milliseconds silence{600'000};  ///< of a service or an application in the middle of a message
  runtime::SpliceLimits splice{std::chrono::hours(24)};
};

class HttpProxy {
 public:
  /// `opener` and `log` must outlive it and the loop's last run.
  HttpProxy(runtime::asio::any_io_executor executor, StreamOpener& opener, runtime::Log& log, ProxyLimits limits = {});
  ~HttpProxy();
  HttpProxy(const HttpProxy&) = delete;
  HttpProxy& operator=(const HttpProxy&) = delete;

  /// Serves from now on. Returns the real address. Fails with `listen_failed`.
  [[nodiscard]] Result<std::string> listen(const DeviceConfig::Listen& where);
  void stop();

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace cpns::device
