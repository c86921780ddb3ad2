#include "runtime/other_loop.hpp"

namespace cpns::runtime {
namespace {

Task<Result<std::size_t>> read_there(std::shared_ptr<ByteStream> stream, std::span<std::uint8_t> out,
                                     std::chrono::milliseconds limit) {
  co_return co_await stream->read_some(out, limit);
}

Task<Result<void>> write_there(std::shared_ptr<ByteStream> stream, ByteView bytes) {
  co_return co_await stream->write(bytes);
}

/// Whether nobody runs that loop any more.
bool has_ended(const asio::any_io_executor& executor) {
  auto& context = asio::query(executor, asio::execution::context_as<asio::execution_context&>);
  return static_cast<asio::io_context&>(context).stopped();
}

}  // namespace

OtherLoopStream::OtherLoopStream(std::shared_ptr<ByteStream> stream, asio::any_io_executor here)
    : stream_(std::move(stream)), there_(stream_->executor()), here_(std::move(here)), remote_(stream_->remote()) {}

OtherLoopStream::~OtherLoopStream() {
  if (!has_ended(there_)) asio::post(there_, [stream = std::move(stream_)] {});
}

Task<Result<std::size_t>> OtherLoopStream::read_some(std::span<std::uint8_t> out, Milliseconds limit) {
  auto reading = read_there(stream_, out, limit);
  co_return co_await on_loop(there_, std::move(reading));
}

Task<Result<void>> OtherLoopStream::write(ByteView bytes) {
  auto writing = write_there(stream_, bytes);
  co_return co_await on_loop(there_, std::move(writing));
}

void OtherLoopStream::finish_writing() {
  asio::post(there_, [stream = stream_] { stream->finish_writing(); });
}

void OtherLoopStream::abort() {
  asio::post(there_, [stream = stream_] { stream->abort(); });
}

}  // namespace cpns::runtime
