#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "runtime/byte_stream.hpp"
#include "runtime/deadline.hpp"
#include "runtime/fairness.hpp"
#include "runtime/other_loop.hpp"
#include "runtime/transport.hpp"

namespace cpns::runtime {
namespace {

// Deadlines are the caller's: they close the transport.
constexpr std::chrono::hours kNoLimit{24 * 365};

bool would_wait(int cause) { return cause == EAGAIN || cause == EWOULDBLOCK || cause == EINTR; }

class StreamTransport final : public Transport {
 public:
  explicit StreamTransport(std::shared_ptr<ByteStream> stream) : stream_(std::move(stream)) {}
  ~StreamTransport() override { close(); }

  Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out) override {
    const auto stream = stream_;
    if (auto* socket = stream->kernel_socket()) co_return co_await read_socket(stream, socket, out);
    const Milliseconds limit = kNoLimit;
    auto got = co_await stream->read_some(out, limit);
    if (got && *got > 0) co_return got;
    close();
    if (!got) co_return Error{Code::connection_lost, to_text(got.error())};
    co_return Error{Code::connection_lost, "end of stream without close_notify"};
  }

  [[nodiscard]] bool reads_at_once() const noexcept override { return stream_->kernel_socket() != nullptr; }

  Task<Result<void>> write(ByteView bytes, Milliseconds limit) override {
    const auto stream = stream_;
    if (!open_) co_return Error{Code::connection_lost, "a write after the end"};
    if (auto* socket = stream->kernel_socket()) co_return co_await write_socket(stream, socket, bytes, limit);
    Deadline deadline(stream->executor(), limit, [this] { close(); });
    auto written = co_await stream->write(bytes);
    if (deadline.passed()) {
      co_return Error{Code::peer_too_slow, "nothing taken for " + std::to_string(limit.count()) + " ms"};
    }
    if (!written) close();
    co_return written;
  }

  void finish_writing() override { stream_->finish_writing(); }

  // A stream's end is carried in order: nothing has to be waited for.
  Task<void> linger(Milliseconds /*limit*/) override {
    stream_->finish_writing();
    open_ = false;
    co_return;
  }

  [[nodiscard]] std::shared_ptr<ByteStream> into_stream() override {
    open_ = false;
    return stream_;
  }

  [[nodiscard]] std::unique_ptr<Transport> move_to(const asio::any_io_executor& executor) override {
    auto moved = std::make_unique<StreamTransport>(std::make_shared<OtherLoopStream>(stream_, executor));
    moved->open_ = std::exchange(open_, false);
    return moved;
  }

  void close() override {
    if (std::exchange(open_, false)) stream_->abort();
  }
  [[nodiscard]] bool is_open() const override { return open_; }
  [[nodiscard]] std::string remote() const override { return stream_->remote(); }
  [[nodiscard]] asio::any_io_executor executor() override { return stream_->executor(); }

 private:
  // Where the stream is a socket and nothing else, bytes need no second way through the loop. `kept` owns it.
  Task<Result<std::size_t>> read_socket([[maybe_unused]] std::shared_ptr<ByteStream> kept, KernelSocket* socket,
                                        std::span<std::uint8_t> out) {
    while (true) {
      const auto got = reads_++ < kReadsBeforeYield ? ::recv(socket->descriptor(), out.data(), out.size(), MSG_DONTWAIT)
                                                    : wait_first();
      if (got > 0) co_return static_cast<std::size_t>(got);
      if (got < 0 && would_wait(errno)) {
        reads_ = 0;
        const auto failed = co_await socket->readable();
        if (!failed) continue;
        close();
        co_return Error{Code::connection_lost, failed.message()};
      }
      const std::string why = got == 0 ? "end of stream without close_notify" : std::strerror(errno);
      close();
      co_return Error{Code::connection_lost, why};
    }
  }
  static ssize_t wait_first() {
    errno = EAGAIN;
    return -1;
  }

  Task<Result<void>> write_socket(std::shared_ptr<ByteStream> kept, KernelSocket* socket, ByteView bytes,
                                  Milliseconds limit) {
    while (!bytes.empty()) {
      const auto taken = ::send(socket->descriptor(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (taken > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(taken));
        continue;
      }
      std::string why = std::strerror(errno);
      if (taken < 0 && would_wait(errno)) {
        Deadline deadline(kept->executor(), limit, [this] { close(); });
        const auto failed = co_await socket->writable();
        if (deadline.passed()) {
          co_return Error{Code::peer_too_slow, "nothing taken for " + std::to_string(limit.count()) + " ms"};
        }
        if (!failed) continue;
        why = failed.message();
      }
      close();
      co_return Error{Code::connection_lost, why};
    }
    co_return Result<void>{};
  }

  int reads_ = 0;
  std::shared_ptr<ByteStream> stream_;
  bool open_ = true;
};

}  // namespace

std::unique_ptr<Transport> over_stream(std::shared_ptr<ByteStream> stream) {
  return std::make_unique<StreamTransport>(std::move(stream));
}

}  // namespace cpns::runtime
