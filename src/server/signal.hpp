#pragma once
// One coroutine waits for another: raised once, seen by everyone who waits. On one io_context thread.

#include "runtime/asio.hpp"

namespace cpns::server {

class Signal {
 public:
  explicit Signal(const runtime::asio::any_io_executor& executor)
      : timer_(executor, runtime::asio::steady_timer::time_point::max()) {}

  void raise() {
    raised_ = true;
    timer_.cancel();
  }
  [[nodiscard]] bool raised() const noexcept { return raised_; }
  [[nodiscard]] runtime::Task<void> wait() {
    boost::system::error_code woken;
    auto token = runtime::asio::redirect_error(runtime::asio::use_awaitable, woken);
    while (!raised_) co_await timer_.async_wait(token);
  }
  /// False where it was not raised within `limit`. One waiter at a time.
  [[nodiscard]] runtime::Task<bool> wait_for(std::chrono::milliseconds limit) {
    if (raised_) co_return true;
    boost::system::error_code woken;
    auto token = runtime::asio::redirect_error(runtime::asio::use_awaitable, woken);
    timer_.expires_after(limit);
    co_await timer_.async_wait(token);
    timer_.expires_at(runtime::asio::steady_timer::time_point::max());
    co_return raised_;
  }

 private:
  runtime::asio::steady_timer timer_;
  bool raised_ = false;
};

}  // namespace cpns::server
