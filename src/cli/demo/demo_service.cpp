#include "cli/demo/demo_service.hpp"

#include <charconv>
#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>

#include "cli/demo/file_content.hpp"
#include "runtime/asio.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace cpns::cli {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kBlockSize = 65536;

struct Client {
  explicit Client(tcp::socket opened) : socket(std::move(opened)) {}
  tcp::socket socket;
  boost::beast::flat_buffer buffer;
  std::vector<std::uint8_t> block = std::vector<std::uint8_t>(kBlockSize);
};
using ClientPtr = std::shared_ptr<Client>;
using Request = http::request_parser<http::buffer_body>;

std::string all_headers(const Request& request) {
  auto list = nlohmann::json::array();
  for (const auto& field : request.get()) {
    list.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string greeting(const Request& request) {
  const auto of = [&](const char* name) {
    const auto field = request.get().find(name);
    return field == request.get().end() ? std::string("nobody") : std::string(field->value());
  };
  return "Hello, " + of("CPNS-Device-ID") + "! " + of("CPNS-PN-GW-ID") + " vouched for you.\n";
}

asio::awaitable<void> send_text(ClientPtr connection, http::status status, std::string type, std::string text,
                                error_code& error) {
  http::response<http::string_body> response(status, 11);
  response.set(http::field::content_type, type);
  response.body() = std::move(text);
  response.prepare_payload();
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await http::async_write(connection->socket, response, token);
}

// What a path after /file/ asks for: BYTES, or BYTES/RATE with RATE in bytes a second.
struct FileRequest {
  std::uint64_t size = 0;
  std::uint64_t rate = 0;  ///< 0: as fast as it goes
};
std::optional<FileRequest> parse_file_request(std::string_view text) {
  const auto number = [](std::string_view digits, std::uint64_t& into) {
    const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
    return bad == std::errc{} && end == digits.data() + digits.size();
  };
  FileRequest request;
  const auto slash = text.find('/');
  if (!number(text.substr(0, slash), request.size)) return std::nullopt;
  if (slash != text.npos && (!number(text.substr(slash + 1), request.rate) || request.rate == 0)) return std::nullopt;
  return request;
}

asio::awaitable<void> send_file(ClientPtr connection, FileRequest file, error_code& error) {
  const auto [size, rate] = file;
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " + std::to_string(size) +
      "\r\n\r\n";
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const auto head_buffer = asio::buffer(head);
  co_await asio::async_write(connection->socket, head_buffer, token);
  // With a rate in small blocks, so that whoever receives them sees each pause.
  const std::size_t block = rate == 0 ? kBlockSize : kBlockSize / 8;
  const auto begun = std::chrono::steady_clock::now();
  asio::steady_timer due(connection->socket.get_executor());
  for (std::uint64_t at = 0; at < size && !error; at += block) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(block, size - at));
    if (rate > 0) {
      due.expires_at(begun + std::chrono::microseconds(at * 1'000'000 / rate));
      co_await due.async_wait(token);
    }
    fill_file_content(at, {connection->block.data(), n});
    const auto piece = asio::buffer(connection->block.data(), n);
    co_await asio::async_write(connection->socket, piece, token);
  }
}

asio::awaitable<void> send_digest(ClientPtr connection, Request& request, error_code& error) {
  StreamDigest digest;
  std::uint64_t size = 0;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (!request.is_done() && !error) {
    request.get().body().data = connection->block.data();
    request.get().body().size = connection->block.size();
    co_await http::async_read(connection->socket, connection->buffer, request, token);
    if (error == http::error::need_buffer) error = {};
    const std::size_t n = connection->block.size() - request.get().body().size;
    digest.add({connection->block.data(), n});
    size += n;
  }
  if (error) co_return;
  std::string text = nlohmann::json{{"size", size}, {"sha256", digest.finish()}}.dump() + "\n";
  std::string type = "application/json";
  co_await send_text(connection, http::status::ok, std::move(type), std::move(text), error);
}

asio::awaitable<void> answer(ClientPtr connection, Request& request, error_code& error) {
  const std::string target(request.get().target());
  constexpr std::string_view kFile = "/file/";
  std::string type = "text/plain";
  std::string text;
  auto status = http::status::ok;
  if (request.get().method() == http::verb::post && target == "/digest") {
    co_await send_digest(connection, request, error);
    co_return;
  }
  if (target.starts_with(kFile)) {
    if (const auto file = parse_file_request(std::string_view(target).substr(kFile.size()))) {
      co_await send_file(connection, *file, error);
      co_return;
    }
  }
  if (target == "/hello") {
    text = greeting(request);
  } else if (target == "/headers") {
    type = "application/json";
    text = all_headers(request);
  } else {
    status = http::status::not_found;
    text = "There are /hello, /headers, /file/BYTES, /file/BYTES/RATE and, for POST, /digest.\n";
  }
  co_await send_text(connection, status, std::move(type), std::move(text), error);
}

asio::awaitable<void> serve(ClientPtr connection) {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (!error) {
    Request request;
    request.body_limit(std::numeric_limits<std::uint64_t>::max());  // Boost 1.74 takes `none` for 0
    co_await http::async_read_header(connection->socket, connection->buffer, request, token);
    if (error) break;
    const bool stays = request.get().keep_alive() && (request.is_done() || request.get().target() == "/digest");
    co_await answer(connection, request, error);
    if (!stays) break;
  }
  error_code ignored;
  connection->socket.shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> accept(tcp::acceptor& acceptor) {
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(token);
    if (error == asio::error::operation_aborted) co_return;
    if (error) continue;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto connection = std::make_shared<Client>(std::move(socket));
    asio::co_spawn(acceptor.get_executor(), serve(std::move(connection)), runtime::unattended);
  }
}

}  // namespace

Result<void> run_demo_service(const std::function<void(std::uint16_t port)>& ready) {
  asio::io_context io(1);
  tcp::acceptor acceptor(io);
  const tcp::endpoint here(asio::ip::address_v4::loopback(), 0);
  error_code error;
  acceptor.open(here.protocol(), error);
  if (!error) acceptor.bind(here, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return Error{Code::relay_not_listening, error.message(), "a free port on 127.0.0.1"};
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&io](error_code, int) { io.stop(); });
  asio::co_spawn(io, accept(acceptor), runtime::unattended);
  ready(acceptor.local_endpoint(error).port());
  io.run();
  return {};
}

}  // namespace cpns::cli
