#pragma once
// Coroutines that wait for another one of their thread, without a time limit. It costs memory while somebody waits, and
// else a pointer: idle links have several.

#include <memory>

#include "runtime/asio.hpp"

namespace cpns::runtime {

class WakeUp {
 public:
  /// Until the next wake(); must not be destroyed before.
  [[nodiscard]] Task<void> wait(asio::any_io_executor executor) {
    if (!timer_) timer_ = std::make_unique<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    ++waiting_;
    boost::system::error_code ignored;
    co_await timer_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (--waiting_ == 0) timer_.reset();
  }
  /// Everybody who waits now.
  void wake() {
    if (timer_) timer_->cancel();
  }

 private:
  std::unique_ptr<asio::steady_timer> timer_;  // never expires
  std::size_t waiting_ = 0;
};

}  // namespace cpns::runtime
