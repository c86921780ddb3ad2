#include "runtime/byte_stream.hpp"
#include "runtime/deadline.hpp"
#include "runtime/transport.hpp"

namespace cpns::runtime {
namespace {

// Deadlines are the caller's: they close the transport.
constexpr std::chrono::hours kNoLimit{24 * 365};

class StreamTransport final : public Transport {
 public:
  explicit StreamTransport(std::shared_ptr<ByteStream> stream) : stream_(std::move(stream)) {}
  ~StreamTransport() override { close(); }

  Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out) override {
    const auto stream = stream_;
    const Milliseconds limit = kNoLimit;
    auto got = co_await stream->read_some(out, limit);
    if (got && *got > 0) co_return got;
    close();
    if (!got) co_return Error{Code::connection_lost, to_text(got.error())};
    co_return Error{Code::connection_lost, "end of stream without close_notify"};
  }

  [[nodiscard]] bool reads_at_once() const noexcept override { return false; }

  Task<Result<void>> write(ByteView bytes, Milliseconds limit) override {
    const auto stream = stream_;
    if (!open_) co_return Error{Code::connection_lost, "a write after the end"};
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

  void close() override {
    if (std::exchange(open_, false)) stream_->abort();
  }
  [[nodiscard]] bool is_open() const override { return open_; }
  [[nodiscard]] std::string remote() const override { return stream_->remote(); }
  [[nodiscard]] asio::any_io_executor executor() override { return stream_->executor(); }

 private:
  std::shared_ptr<ByteStream> stream_;
  bool open_ = true;
};

}  // namespace

std::unique_ptr<Transport> over_stream(std::shared_ptr<ByteStream> stream) {
  return std::make_unique<StreamTransport>(std::move(stream));
}

}  // namespace cpns::runtime
