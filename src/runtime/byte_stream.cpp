#include "runtime/byte_stream.hpp"

#include <algorithm>
#include <cstring>

namespace cpns::runtime {

namespace {

std::string remote_of(const asio::ip::tcp::socket& socket) {
  boost::system::error_code failed;
  const auto peer = socket.remote_endpoint(failed);
  return failed ? "unknown" : text_of(peer);
}

asio::ip::tcp::socket at_once(asio::ip::tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  return socket;
}

}  // namespace

std::string text_of(const asio::ip::tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  const auto port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

Task<Result<std::size_t>> LinkStream::read_some(std::span<std::uint8_t> out, Milliseconds limit) {
  // Whoever has a watch of its own asks for a limit that never passes: no timer for that.
  if (limit >= std::chrono::hours(24)) co_return co_await link_->read_some(out);
  co_return co_await link_->read_some(out, limit);
}

Task<Result<void>> LinkStream::write(ByteView bytes) { co_return co_await link_->write(bytes); }

Task<Result<std::size_t>> PrefixedStream::read_some(std::span<std::uint8_t> out, Milliseconds limit) {
  if (taken_ == first_.size()) co_return co_await rest_->read_some(out, limit);
  const auto size = std::min(out.size(), first_.size() - taken_);
  std::memcpy(out.data(), first_.data() + taken_, size);
  taken_ += size;
  if (taken_ == first_.size()) {
    first_ = {};
    taken_ = 0;
  }
  co_return size;
}

Task<Result<void>> PrefixedStream::write(ByteView bytes) { co_return co_await rest_->write(bytes); }

SocketStream::SocketStream(asio::ip::tcp::socket socket)
    : remote_(remote_of(socket)), socket_(at_once(std::move(socket))), watch_(socket_) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
}

SocketStream::SocketStream(asio::local::stream_protocol::socket socket)
    : remote_("unix"), socket_(std::move(socket)), watch_(socket_) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
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

Task<boost::system::error_code> SocketStream::readable() {
  boost::system::error_code failed;
  co_await socket_.async_wait(asio::socket_base::wait_read, asio::redirect_error(asio::use_awaitable, failed));
  co_return failed;
}

Task<boost::system::error_code> SocketStream::writable() {
  boost::system::error_code failed;
  co_await socket_.async_wait(asio::socket_base::wait_write, asio::redirect_error(asio::use_awaitable, failed));
  co_return failed;
}

void SocketStream::finish_writing() {
  boost::system::error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

void SocketStream::abort() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace cpns::runtime
