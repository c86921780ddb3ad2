#pragma once
// Counts the coroutines that serve connections, so that a stop can wait for the last one. On the loop's thread.

#include <memory>

#include "server/signal.hpp"

namespace cpns::server {

class Tasks {
  struct State {
    explicit State(const runtime::asio::any_io_executor& executor) : idle(executor) {}
    void one_less() {
      if (--running == 0 && stopping) idle.raise();
    }
    Signal idle;
    std::size_t running = 0;
    bool stopping = false;
  };

 public:
  explicit Tasks(runtime::asio::any_io_executor executor)
      : executor_(std::move(executor)), state_(std::make_shared<State>(executor_)) {}

  /// One that counts for as long as it lives, whatever coroutine serves it at the time. May outlive the tasks.
  class Place {
   public:
    explicit Place(Tasks& tasks) : state_(tasks.state_) { ++tasks.state_->running; }
    ~Place() {
      if (const auto state = state_.lock()) state->one_less();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    std::weak_ptr<State> state_;
  };

  void spawn(runtime::Task<void> task) {
    ++state_->running;
    go_on(counted(this, std::move(task)));
  }
  /// A coroutine of something that has a place already.
  void go_on(runtime::Task<void> task) { runtime::asio::co_spawn(executor_, std::move(task), runtime::unattended); }
  [[nodiscard]] std::size_t running() const noexcept { return state_->running; }
  /// False where some still run after `limit`.
  [[nodiscard]] runtime::Task<bool> wait_until_idle(std::chrono::milliseconds limit) {
    state_->stopping = true;
    if (state_->running == 0) state_->idle.raise();
    co_return co_await state_->idle.wait_for(limit);
  }
  [[nodiscard]] const runtime::asio::any_io_executor& executor() const noexcept { return executor_; }

 private:
  static runtime::Task<void> counted(Tasks* self, runtime::Task<void> task) {
    co_await std::move(task);
    self->state_->one_less();
  }

  runtime::asio::any_io_executor executor_;
  std::shared_ptr<State> state_;
};

}  // namespace cpns::server
