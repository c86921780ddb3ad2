#pragma once
// Counts the coroutines that serve connections, so that a stop can wait for the last one. On the loop's thread.

#include "server/signal.hpp"

namespace cpns::server {

class Tasks {
 public:
  explicit Tasks(runtime::asio::any_io_executor executor) : executor_(std::move(executor)), idle_(executor_) {}

  void spawn(runtime::Task<void> task) {
    ++running_;
    runtime::asio::co_spawn(executor_, counted(this, std::move(task)), runtime::unattended);
  }
  [[nodiscard]] std::size_t running() const noexcept { return running_; }
  /// False where some still run after `limit`.
  [[nodiscard]] runtime::Task<bool> wait_until_idle(std::chrono::milliseconds limit) {
    stopping_ = true;
    if (running_ == 0) idle_.raise();
    co_return co_await idle_.wait_for(limit);
  }
  [[nodiscard]] const runtime::asio::any_io_executor& executor() const noexcept { return executor_; }

 private:
  static runtime::Task<void> counted(Tasks* self, runtime::Task<void> task) {
    co_await std::move(task);
    if (--self->running_ == 0 && self->stopping_) self->idle_.raise();
  }

  runtime::asio::any_io_executor executor_;
  Signal idle_;
  std::size_t running_ = 0;
  bool stopping_ = false;
};

}  // namespace cpns::server
