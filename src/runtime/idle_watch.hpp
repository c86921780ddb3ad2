#pragma once
// Closes a socket on which nothing has happened, in neither direction, for some time. One timer that is moved only
// when it fires, however often bytes move. On the thread of the socket's io_context.

#include <chrono>
#include <memory>

#include "runtime/asio.hpp"

namespace cpns::runtime {

class IdleWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// `socket` must outlive this object.
  explicit IdleWatch(asio::generic::stream_protocol::socket& socket)
      : state_(std::make_shared<State>(socket.get_executor(), &socket)) {}
  // A handler may already stand in the queue: it must not touch the socket any more.
  ~IdleWatch() {
    state_->socket = nullptr;
    state_->timer.cancel();
  }
  IdleWatch(const IdleWatch&) = delete;
  IdleWatch& operator=(const IdleWatch&) = delete;

  /// Watches from now on, with this limit.
  void watch(std::chrono::milliseconds limit) {
    touch();
    state_->limit = limit;
    if (state_->timer.expiry() > state_->last + limit) arm(state_);
  }
  /// Something happened.
  void touch() { state_->last = Clock::now(); }
  [[nodiscard]] bool passed() const noexcept { return state_->passed; }

 private:
  struct State {
    State(const asio::any_io_executor& executor, asio::generic::stream_protocol::socket* watched)
        : timer(executor, Clock::time_point::max()), socket(watched) {}
    asio::steady_timer timer;
    asio::generic::stream_protocol::socket* socket;
    Clock::time_point last = Clock::now();
    std::chrono::milliseconds limit{0};
    bool passed = false;
  };

  static void arm(const std::shared_ptr<State>& state) {
    state->timer.expires_at(state->last + state->limit);
    state->timer.async_wait([state](const boost::system::error_code& moved) {
      if (moved || state->socket == nullptr) return;
      if (Clock::now() < state->last + state->limit) return arm(state);
      state->passed = true;
      boost::system::error_code ignored;
      state->socket->close(ignored);
    });
  }

  std::shared_ptr<State> state_;
};

}  // namespace cpns::runtime
