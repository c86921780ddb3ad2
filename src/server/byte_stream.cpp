#include "server/byte_stream.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

Task<Result<std::size_t>> LinkStream::read_some(std::span<std::uint8_t> out, Milliseconds limit) {
  co_return co_await link_->read_some(out, limit);
}

Task<Result<void>> LinkStream::write(ByteView bytes) { co_return co_await link_->write(bytes); }

SocketStream::SocketStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)), watch_(socket_) {
  boost::system::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Task<Result<std::size_t>> SocketStream::read_some(std::span<std::uint8_t> out, Milliseconds limit) {
  watch_.watch(limit);
  boost::system::error_code error;
  const auto buffer = asio::buffer(out.data(), out.size());
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const std::size_t got = co_await socket_.async_read_some(buffer, token);
  watch_.touch();
  if (watch_.passed()) {
    co_return Error{Code::peer_too_slow, "nothing", "bytes within " + std::to_string(limit.count()) + " ms"};
  }
  if (error == asio::error::eof) co_return std::size_t{0};
  if (error) co_return Error{Code::connection_lost, error.message()};
  co_return got;
}

Task<Result<void>> SocketStream::write(ByteView bytes) {
  while (!bytes.empty()) {
    boost::system::error_code error;
    const auto buffer = asio::buffer(bytes.data(), bytes.size());
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const std::size_t taken = co_await socket_.async_write_some(buffer, token);
    if (watch_.passed()) co_return Error{Code::peer_too_slow, "nothing taken", "reading without long pauses"};
    if (error) co_return Error{Code::connection_lost, error.message()};
    watch_.touch();
    bytes = bytes.subspan(taken);
  }
  co_return Result<void>{};
}

void SocketStream::finish_writing() {
  boost::system::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void SocketStream::abort() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace cpns::server
