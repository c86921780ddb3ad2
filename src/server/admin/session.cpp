// One connection of the admin interface: Beast reads and writes, the verbs answer.

#include "server/admin/session.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "server/admin/json.hpp"

namespace cpns::server::admin {

namespace asio = runtime::asio;
namespace http = boost::beast::http;
using runtime::Task;
using Socket = asio::local::stream_protocol::socket;

namespace {

constexpr std::uint32_t kMaxHead = 8 * 1024;
constexpr std::uint64_t kMaxBody = 64 * 1024;
constexpr std::chrono::seconds kLimit{10};

/// Closes the socket unless it is destroyed in time.
class Limit {
 public:
  explicit Limit(const std::shared_ptr<Socket>& socket) : timer_(socket->get_executor(), kLimit) {
    timer_.async_wait([weak = std::weak_ptr<Socket>(socket)](const boost::system::error_code& in_time) {
      const auto late = weak.lock();
      boost::system::error_code ignored;
      if (!in_time && late) late->close(ignored);
    });
  }

 private:
  asio::steady_timer timer_;
};

/// A token says what may be done, whoever holds it; without one it is whose process has connected that counts.
Result<Access> access_to(View& view, const std::optional<Access>& without_token,
                         http::request<http::string_body>& request) {
  const auto field = request.find(http::field::authorization);
  if (field != request.end())
    return access_of({field->value().data(), field->value().size()}, view.tokens, runtime::now());
  if (without_token) return *without_token;
  return Error{Code::admin_token_refused, "no token", "Authorization: Bearer and a token of `cpns token add`"};
}

Result<Match> admit(View& view, const std::optional<Access>& without_token, http::request<http::string_body>& request) {
  CPNS_TRY(auto access, access_to(view, without_token, request));
  CPNS_TRY(auto matched, match(std::string(request.method_string()), std::string(request.target())));
  CPNS_CHECK(check_scope(access, matched.verb->scope));
  matched.request.actor = std::move(access.actor);
  return matched;
}

Task<Reply> answer(View& view, const std::optional<Access>& without_token, http::request<http::string_body>& request,
                   const std::function<void()>& on_admitted) {
  const std::string method(request.method_string());
  const std::string target(request.target());
  auto matched = admit(view, without_token, request);
  auto* audit = view.context.audit;
  if (!matched) {
    const bool token = matched.error().code != Code::admin_path_unknown;
    if (token) view.context.log.error(matched.error(), {{"admin", method}});
    if (audit != nullptr && matched.error().code == Code::admin_token_refused) {
      // Whoever has no token can send any number of these: they must not use up what is written one by one.
      audit->refused_stranger(matched.error());
    } else if (audit != nullptr) {
      audit->refused_admin(matched.error(), method, "operator");
    }
    co_return reply(matched.error());
  }
  on_admitted();
  matched->request.body = std::move(request.body());
  const auto actor = matched->request.actor;
  auto handled = co_await matched->verb->handler(view, std::move(matched->request));
  if (!handled) {
    view.context.log.error(handled.error(), {{"admin", method + " " + std::string(matched->verb->path)}});
    if (audit != nullptr) audit->refused_admin(handled.error(), method + " " + target, actor);
    co_return reply(handled.error());
  }
  if (audit != nullptr && method != "GET") audit->admin_done(method + " " + target, actor);
  co_return std::move(*handled);
}

/// As far as it can be reached: the buffer that the head was read into is the connection's, and ends with it.
void wipe_token(http::request<http::string_body>& request) {
  const auto field = request.find(http::field::authorization);
  if (field == request.end()) return;
  const auto value = field->value();
  secret::wipe({reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), value.size()});
}

}  // namespace

Task<void> serve_requests(View& view, std::optional<Access> without_token, std::shared_ptr<Socket> socket,
                          std::function<void()> on_admitted) {
  boost::beast::flat_buffer buffer(kMaxHead + kMaxBody);
  for (bool keep = true; keep;) {
    const Limit limit(socket);
    http::request_parser<http::string_body> parser;
    parser.header_limit(kMaxHead);
    parser.body_limit(kMaxBody);
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await http::async_read(*socket, buffer, parser, token);
    Reply made;
    if (error == http::error::end_of_stream ||
        (error && error.category() != http::make_error_code(http::error::end_of_stream).category())) {
      co_return;
    }
    if (error) {
      const bool too_long = error == http::error::body_limit || error == http::error::header_limit;
      made = reply(Error{too_long ? Code::admin_body_too_long : Code::admin_request_malformed, error.message(),
                         "an HTTP/1.1 request"});
      keep = false;
    } else {
      keep = parser.get().keep_alive();
      made = co_await answer(view, without_token, parser.get(), on_admitted);
      wipe_token(parser.get());
    }
    http::response<http::string_body> response(static_cast<http::status>(made.status), 11);
    response.set(http::field::content_type, "application/json");
    response.keep_alive(keep);
    response.body() = std::move(made.body);
    response.prepare_payload();
    co_await http::async_write(*socket, response, token);
    secret::wipe(response.body());
    if (error) co_return;
  }
  boost::system::error_code ignored;
  socket->shutdown(Socket::shutdown_send, ignored);
}

}  // namespace cpns::server::admin
