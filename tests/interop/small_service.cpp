#include "direct_link_server.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

namespace cpns::interop {
namespace {

namespace asio = runtime::asio;
using boost::system::error_code;

std::string field_of(const std::string& head, const std::string& name) {
  const auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "none";
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

SmallService::SmallService() : acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}) {
  asio::co_spawn(loop_, serve(), asio::detached);
  thread_ = std::thread([this] { loop_.run(); });
}

SmallService::~SmallService() {
  loop_.stop();
  thread_.join();
}

std::string SmallService::address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

runtime::Task<void> SmallService::serve() {
  while (true) {
    error_code failed;
    auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return;
    asio::co_spawn(loop_, answer(std::move(socket)), asio::detached);
  }
}

runtime::Task<void> SmallService::answer(asio::ip::tcp::socket socket) {
  error_code failed;
  std::string head;
  auto buffer = asio::dynamic_buffer(head, 65'536);
  co_await asio::async_read_until(socket, buffer, "\r\n\r\n", asio::redirect_error(asio::use_awaitable, failed));
  if (failed) co_return;
  const auto body = "device=" + field_of(head, "CPNS-Device-ID") + "\n";
  const auto reply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\nConnection: close\r\n\r\n" + body;
  co_await asio::async_write(socket, asio::buffer(reply), asio::redirect_error(asio::use_awaitable, failed));
}

}  // namespace cpns::interop
