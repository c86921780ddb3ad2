#pragma once
// A time limit on whatever a socket or transport is doing: when it passes, it is closed and the operations under way
// end. Boost 1.74 has no time limits of its own. On the thread of its io_context.

#include <chrono>
#include <functional>
#include <memory>

#include "runtime/asio.hpp"

namespace cpns::runtime {

class Deadline {
 public:
  /// `socket` must outlive this object.
  template <class Socket>
  Deadline(Socket& socket, std::chrono::milliseconds limit)
      : Deadline(socket.get_executor(), limit, [&socket] {
          boost::system::error_code ignored;
          socket.close(ignored);
        }) {}
  /// `close` is called when the limit passes, unless this object is gone by then.
  Deadline(const asio::any_io_executor& executor, std::chrono::milliseconds limit, std::function<void()> close)
      : timer_(executor, limit), state_(std::make_shared<State>(State{std::move(close)})) {
    timer_.async_wait([state = state_](const boost::system::error_code& cancelled) {
      if (cancelled || !state->close) return;
      state->passed = true;
      state->close();
    });
  }
  // The handler may already stand in the queue: it must not touch the socket any more.
  ~Deadline() { state_->close = nullptr; }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  [[nodiscard]] bool passed() const noexcept { return state_->passed; }

 private:
  struct State {
    std::function<void()> close;
    bool passed = false;
  };
  asio::steady_timer timer_;
  std::shared_ptr<State> state_;
};

}  // namespace cpns::runtime
