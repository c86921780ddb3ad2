#include <unistd.h>

#include <array>

#include "runtime/byte_stream.hpp"
#include "runtime/deadline.hpp"
#include "runtime/fairness.hpp"
#include "runtime/transport.hpp"

namespace cpns::runtime {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;

Error lost_tcp(const error_code& cause) {
  if (cause == asio::error::eof) return {Code::connection_lost, "end of stream without close_notify"};
  return {Code::connection_lost, cause.message()};
}

class TcpTransport final : public Transport {
 public:
  TcpTransport(tcp::socket socket, std::string remote) : socket_(std::move(socket)), remote_(std::move(remote)) {
    error_code failed;
    if (!socket_.non_blocking()) socket_.non_blocking(true, failed);
    if (!remote_.empty()) return;
    const auto peer = socket_.remote_endpoint(failed);
    remote_ = failed ? "unknown" : text_of(peer);
  }

  Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out) override {
    error_code failed;
    while (true) {
      if (reads_without_yield_++ >= kReadsBeforeYield) {
        reads_without_yield_ = 0;
        co_await socket_.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, failed));
      }
      const auto size = failed ? 0 : socket_.read_some(asio::buffer(out.data(), out.size()), failed);
      // Less than there was room for: the socket is empty now, and the next read had better wait at once.
      if (!failed && size < out.size()) reads_without_yield_ = kReadsBeforeYield;
      if (!failed) co_return size;
      if (failed != asio::error::would_block && failed != asio::error::try_again) {
        close();
        co_return lost_tcp(failed);
      }
      failed = {};
      reads_without_yield_ = kReadsBeforeYield;
    }
  }

  [[nodiscard]] bool reads_at_once() const noexcept override { return true; }

  [[nodiscard]] bool when_readable(std::shared_ptr<ReadyListener> listener) override {
    if (!socket_.is_open()) return false;
    socket_.async_wait(tcp::socket::wait_read,
                       [listener = std::move(listener)](const error_code&) { listener->on_readable(); });
    reads_without_yield_ = 0;  // it has waited
    return true;
  }

  [[nodiscard]] std::size_t write_at_once(ByteView bytes) noexcept override {
    error_code failed;
    return socket_.write_some(asio::buffer(bytes.data(), bytes.size()), failed);
  }

  Task<Result<void>> write(ByteView bytes, Milliseconds limit) override {
    error_code failed;
    while (!bytes.empty()) {
      const auto written = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), failed);
      bytes = bytes.subspan(written);
      if (failed == asio::error::would_block || failed == asio::error::try_again) {
        Deadline deadline(socket_, limit);
        co_await socket_.async_wait(tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, failed));
        if (deadline.passed()) failed = asio::error::timed_out;
      }
      if (failed) {
        close();
        if (failed != asio::error::timed_out) co_return lost_tcp(failed);
        co_return Error{Code::peer_too_slow, "nothing taken for " + std::to_string(limit.count()) + " ms"};
      }
    }
    co_return Result<void>{};
  }

  void finish_writing() override {
    if (std::exchange(finished_, true)) return;
    error_code failed;
    socket_.shutdown(tcp::socket::shutdown_send, failed);
    if (failed) close();  // the peer has ended the connection: nothing is left to be said or heard
  }

  // A socket that is closed with unread bytes in it resets the connection, and the peer may never see our last bytes:
  // the alert, the close_notify. So reading goes on for a moment.
  Task<void> linger(Milliseconds limit) override {
    finish_writing();
    if (!socket_.is_open()) co_return;
    error_code failed;
    Deadline deadline(socket_, limit);
    std::array<std::uint8_t, 2048> discarded;
    while (!failed) {
      co_await socket_.async_read_some(asio::buffer(discarded), asio::redirect_error(asio::use_awaitable, failed));
    }
    close();
  }

  [[nodiscard]] std::shared_ptr<ByteStream> into_stream() override {
    return std::make_shared<SocketStream>(std::move(socket_));
  }

  // The kernel's socket stays what it is: only who is told of its bytes changes.
  [[nodiscard]] std::unique_ptr<Transport> move_to(const asio::any_io_executor& executor) override {
    error_code failed;
    const auto protocol = remote_.starts_with('[') ? tcp::v6() : tcp::v4();
    tcp::socket moved(executor);
    const bool is_open = socket_.is_open();
    const auto descriptor = is_open ? socket_.release(failed) : -1;
    if (is_open && !failed) {
      moved.assign(protocol, descriptor, failed);
      if (failed) ::close(descriptor);
    }
    return std::make_unique<TcpTransport>(std::move(moved), remote_);
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }
  [[nodiscard]] bool is_open() const override { return socket_.is_open(); }
  [[nodiscard]] std::string remote() const override { return remote_; }
  [[nodiscard]] asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  tcp::socket socket_;
  std::string remote_;
  bool finished_ = false;  ///< what is to be written is written
  int reads_without_yield_ = 0;
};

}  // namespace

std::unique_ptr<Transport> over_tcp(tcp::socket socket, std::string remote) {
  return std::make_unique<TcpTransport>(std::move(socket), std::move(remote));
}

}  // namespace cpns::runtime
