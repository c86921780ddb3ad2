#include "server/first_bytes.hpp"

#include <sys/socket.h>

#include <array>

#include "runtime/deadline.hpp"

namespace cpns::server {

namespace asio = runtime::asio;

std::string address_of(const asio::ip::tcp::socket& socket) {
  boost::system::error_code gone;
  const auto endpoint = socket.remote_endpoint(gone);
  if (gone) return "-";
  const auto address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

namespace {

constexpr std::size_t kRecordHeader = 5;
constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::size_t kMaxRecord = 16384;

/// Readable means from now on: at least that many bytes, or the end.
void wake_with(asio::ip::tcp::socket& socket, std::size_t bytes) {
  boost::system::error_code ignored;
  socket.set_option(asio::socket_base::receive_low_watermark(static_cast<int>(bytes)), ignored);
}

/// Size of the first record, or 0 where this is no handshake record or less than its header is there.
std::size_t record_size(asio::ip::tcp::socket& socket) {
  std::array<std::uint8_t, kRecordHeader> header{};
  const auto got = ::recv(socket.native_handle(), header.data(), header.size(), MSG_PEEK | MSG_DONTWAIT);
  const std::size_t body = header[3] * 256U + header[4];
  if (got != static_cast<ssize_t>(header.size()) || header[0] != kHandshakeRecord || body > kMaxRecord) return 0;
  return kRecordHeader + body;
}

}  // namespace

runtime::Task<Result<void>> wait_for_client_hello(asio::ip::tcp::socket& socket, std::chrono::milliseconds limit) {
  const runtime::Deadline deadline(socket, limit);
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  wake_with(socket, kRecordHeader);
  co_await socket.async_wait(asio::ip::tcp::socket::wait_read, token);
  if (const auto size = error ? 0 : record_size(socket); size > 0) {
    wake_with(socket, size);
    co_await socket.async_wait(asio::ip::tcp::socket::wait_read, token);
  }
  if (deadline.passed()) {
    const auto expected = "a ClientHello within " + std::to_string(limit.count()) + " ms";
    co_return Error{Code::handshake_timed_out, "no whole ClientHello", expected};
  }
  if (error) co_return Error{Code::connection_lost, error.message()};
  wake_with(socket, 1);
  co_return Result<void>{};
}

}  // namespace cpns::server
