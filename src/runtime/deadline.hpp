#pragma once
// A time limit on whatever a socket is doing: when it passes, the socket is closed and the operations under way end.
// Boost 1.74 has no time limits of its own. On the thread of the socket's io_context.

#include <chrono>
#include <memory>

#include "runtime/asio.hpp"

namespace cpns::runtime {

class Deadline {
 public:
  /// `socket` must outlive this object.
  Deadline(asio::ip::tcp::socket& socket, std::chrono::milliseconds limit)
      : timer_(socket.get_executor(), limit), state_(std::make_shared<State>(State{&socket})) {
    timer_.async_wait([state = state_](const boost::system::error_code& cancelled) {
      if (cancelled || state->socket == nullptr) return;
      state->passed = true;
      boost::system::error_code ignored;
      state->socket->close(ignored);
    });
  }
  // The handler may already stand in the queue: it must not touch the socket any more.
  ~Deadline() { state_->socket = nullptr; }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  [[nodiscard]] bool passed() const noexcept { return state_->passed; }

 private:
  struct State {
    asio::ip::tcp::socket* socket;
    bool passed = false;
  };
  asio::steady_timer timer_;
  std::shared_ptr<State> state_;
};

}  // namespace cpns::runtime
