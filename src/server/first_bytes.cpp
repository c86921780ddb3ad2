#include "server/first_bytes.hpp"

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

runtime::Task<Result<void>> wait_for_first_byte(asio::ip::tcp::socket& socket, std::chrono::milliseconds limit) {
  const runtime::Deadline deadline(socket, limit);
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await socket.async_wait(asio::ip::tcp::socket::wait_read, token);
  if (deadline.passed()) {
    co_return Error{Code::handshake_timed_out, "nothing",
                    "a ClientHello within " + std::to_string(limit.count()) + " ms"};
  }
  if (error) co_return Error{Code::connection_lost, error.message()};
  co_return Result<void>{};
}

}  // namespace cpns::server
