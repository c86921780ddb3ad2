#include "server/first_bytes.hpp"

#include <array>
#include <optional>

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

/// How many bytes have to be there before it is worth while to look again; 0 where the first record is there, or what
/// is none.
std::size_t missing(asio::ip::tcp::socket& socket) {
  // Enough for the ClientHello of a device, so that one look does for most.
  std::array<std::uint8_t, 512> first{};
  boost::system::error_code failed;
  auto there = socket.receive(asio::buffer(first), asio::socket_base::message_peek, failed);
  if (failed == asio::error::would_block || failed == asio::error::try_again) return kRecordHeader;
  if (failed || first[0] != kHandshakeRecord) return 0;
  if (there < kRecordHeader) return kRecordHeader;
  const std::size_t body = first[3] * 256U + first[4];
  if (body > kMaxRecord) return 0;
  if (there == first.size()) there = socket.available(failed);
  return failed || there >= kRecordHeader + body ? 0 : kRecordHeader + body;
}

}  // namespace

runtime::Task<Result<void>> wait_for_client_hello(asio::ip::tcp::socket& socket, std::chrono::milliseconds limit) {
  std::optional<runtime::Deadline> deadline;  // most hellos are there before their connection is taken
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  socket.non_blocking(true, error);
  // First for anything, then for a header, then for a record: three times at most, however slowly the bytes come.
  std::size_t asked_for = 0;
  while (!error) {
    const auto wanted = missing(socket);
    if (wanted <= asked_for) break;
    if (!deadline) deadline.emplace(socket, limit);
    asked_for = asked_for == 0 ? 1 : wanted;
    if (asked_for > 1) wake_with(socket, asked_for);
    co_await socket.async_wait(asio::ip::tcp::socket::wait_read, token);
  }
  if (deadline && deadline->passed()) {
    const auto expected = "a ClientHello within " + std::to_string(limit.count()) + " ms";
    co_return Error{Code::handshake_timed_out, "no whole ClientHello", expected};
  }
  if (error) co_return Error{Code::connection_lost, error.message()};
  if (asked_for > 1) wake_with(socket, 1);
  co_return Result<void>{};
}

}  // namespace cpns::server
