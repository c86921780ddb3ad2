#pragma once
// Counts the coroutines that serve connections, so that a stop can wait for the last one. On the loop's thread; what
// all loops of a server have together is counted beside it.

#include <atomic>
#include <memory>

#include "server/signal.hpp"

namespace cpns::server {

class Tasks {
 public:
  /// Of all loops: each task counts, and each file that one of them may need besides. Nothing is decided by it but
  /// whether there is room for more, so its order among threads does not matter.
  using Everywhere = std::atomic<std::size_t>;

 private:
  struct State {
    State(const runtime::asio::any_io_executor& executor, std::shared_ptr<Everywhere> all)
        : idle(executor), everywhere(std::move(all)) {}
    void one_more() {
      ++running;
      everywhere->fetch_add(1, std::memory_order_relaxed);
    }
    void one_less() {
      everywhere->fetch_sub(1, std::memory_order_relaxed);
      if (--running == 0 && stopping) idle.raise();
    }
    Signal idle;
    std::size_t running = 0;
    bool stopping = false;
    std::shared_ptr<Everywhere> everywhere;
  };

 public:
  explicit Tasks(runtime::asio::any_io_executor executor,
                 std::shared_ptr<Everywhere> everywhere = std::make_shared<Everywhere>(0))
      : executor_(std::move(executor)), state_(std::make_shared<State>(executor_, std::move(everywhere))) {}

  /// One that counts for as long as it lives, whatever coroutine serves it at the time. May outlive the tasks.
  class Place {
   public:
    explicit Place(Tasks& tasks) : state_(tasks.state_) { tasks.state_->one_more(); }
    ~Place() {
      if (const auto state = state_.lock()) state->one_less();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    std::weak_ptr<State> state_;
  };

  /// A file that something with a place may yet need. Any thread; may outlive the tasks.
  class Need {
   public:
    explicit Need(const Tasks& tasks) : everywhere_(tasks.state_->everywhere) {
      everywhere_->fetch_add(1, std::memory_order_relaxed);
    }
    ~Need() { everywhere_->fetch_sub(1, std::memory_order_relaxed); }
    Need(const Need&) = delete;
    Need& operator=(const Need&) = delete;

   private:
    std::shared_ptr<Everywhere> everywhere_;
  };

  void spawn(runtime::Task<void> task) {
    state_->one_more();
    go_on(counted(this, std::move(task)));
  }
  /// A coroutine of something that has a place already.
  void go_on(runtime::Task<void> task) { runtime::asio::co_spawn(executor_, std::move(task), runtime::unattended); }
  [[nodiscard]] std::size_t running() const noexcept { return state_->running; }
  [[nodiscard]] const std::shared_ptr<Everywhere>& everywhere() const noexcept { return state_->everywhere; }
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
