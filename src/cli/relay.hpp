#pragma once
// A TCP relay on 127.0.0.1 that stands on one link and captures what passes. It holds no key and changes nothing
// unless it is told to: tests use it to delay, hold, cut and alter a link. Runs on a thread of its own; all functions
// may be called from any thread.

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "cli/capture.hpp"
#include "core/base/result.hpp"

namespace cpns::cli {

class Relay {
 public:
  /// Called on the relay's thread for each piece before it goes on; may alter the bytes. False cuts the connection
  /// instead.
  using Hook = std::function<bool(Direction, std::span<std::uint8_t>)>;

  /// Listens on a free port. Fails with `relay_not_listening`.
  [[nodiscard]] static Result<std::unique_ptr<Relay>> start();
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(port()); }
  /// Where connections go to, on 127.0.0.1. Until it is set, and while it is 0, they are closed at once.
  void set_upstream(std::uint16_t port);
  [[nodiscard]] Capture& capture() noexcept;
  [[nodiscard]] unsigned connections() const noexcept;  ///< taken so far

  /// Each piece waits this long before it goes on, in both directions. Order is kept.
  void set_delay(std::chrono::milliseconds delay);
  /// While held, bytes are taken and captured but do not go on.
  void hold(bool on);
  /// New connections are closed at once, whatever the upstream.
  void refuse(bool on);
  /// Closes the connections that are open now.
  void cut();
  void set_hook(Hook hook);

 private:
  struct Impl;
  explicit Relay(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cpns::cli
