#include "cli/admin_client.hpp"

#include "cli/secret_file.hpp"
#include "core/secret/secret_bytes.hpp"
#include "runtime/asio.hpp"
// Beast after runtime/asio.hpp: its coroutine headers need what that one repairs.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>
#include <optional>

namespace cpns::cli {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

struct AdminClient::Request {
  http::verb method;
  std::string target;
  std::string body;
};

namespace {

constexpr auto kLimit = std::chrono::seconds(10);
constexpr std::uint64_t kMaxReply = 16 * 1024 * 1024;  // bytes

struct Reply {
  error_code error;
  http::response<http::string_body> message;
};

asio::awaitable<void> exchange(asio::local::stream_protocol::socket& socket, const std::string& path,
                               http::request<http::string_body>& request, std::optional<Reply>& out) {
  Reply reply;
  const asio::local::stream_protocol::endpoint server(path);
  auto token = asio::redirect_error(asio::use_awaitable, reply.error);
  co_await socket.async_connect(server, token);
  if (!reply.error) co_await http::async_write(socket, request, token);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxReply);
  if (!reply.error) co_await http::async_read(socket, buffer, parser, token);
  if (!reply.error) reply.message = parser.release();
  out = std::move(reply);
}

// The server's reason, from {"code":…,"text":…,"got":…,"expected":…}; the status where it gave none.
std::string reason_of(const http::response<http::string_body>& message) {
  const auto json = nlohmann::json::parse(message.body(), nullptr, false);
  std::string out;
  if (json.is_object()) {
    for (const auto& [name, before] : {std::pair{"code", ""}, std::pair{"text", " "}, std::pair{"got", ": got "},
                                       std::pair{"expected", ", expected "}}) {
      const auto found = json.find(name);
      if (found == json.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) continue;
      out += before + found->get<std::string>();
    }
  }
  return out.empty() ? "status " + std::to_string(message.result_int()) : out.substr(0, 500);
}

}  // namespace

Result<std::string> AdminClient::get(std::string target) const {
  return send({http::verb::get, std::move(target), {}});
}

Result<std::string> AdminClient::post(std::string target, std::string body) const {
  return send({http::verb::post, std::move(target), std::move(body)});
}

Result<std::string> AdminClient::send(Request request) const {
  const auto path = socket_.string();
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Error{Code::admin_unreachable, path, "a path of at most 107 bytes"};
  }
  asio::io_context io(1);
  asio::local::stream_protocol::socket socket(io);
  http::request<http::string_body> message(request.method, request.target, 11);
  message.set(http::field::host, "localhost");
  message.set(http::field::connection, "close");
  if (request.method == http::verb::post) message.set(http::field::content_type, "application/json");
  if (!token_file_.empty()) {
    CPNS_TRY(auto token, read_secret_line(token_file_));
    message.set(http::field::authorization, "Bearer " + token);
    secret::wipe(token);
  }
  message.body() = std::move(request.body);
  message.prepare_payload();

  std::optional<Reply> reply;
  asio::co_spawn(io, exchange(socket, path, message, reply), runtime::unattended);
  io.run_for(kLimit);
  if (!reply) return Error{Code::admin_unreachable, path + ": no answer within ten seconds", "an answer"};
  if (reply->error.category() == http::make_error_code(http::error::end_of_stream).category()) {
    return Error{Code::admin_reply_malformed, reply->error.message(), "an HTTP/1.1 response"};
  }
  if (reply->error)
    return Error{Code::admin_unreachable, path + ": " + reply->error.message(), "a running cpns-server"};
  if (reply->message.result_int() / 100 != 2) return Error{Code::admin_refused, reason_of(reply->message)};
  return std::move(reply->message.body());
}

std::string path_segment(std::string_view text) {
  constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kUnreserved.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
    }
  }
  return out;
}

}  // namespace cpns::cli
