// The request's side of the proxy: reading its head, choosing the service, passing head and body on.

#include "server/http_proxy.hpp"

#include "server/http_exchange.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

/// How long the rest of an unwanted body is read, so that the reply is not lost.
constexpr std::chrono::seconds kDrain{2};

/// What the client's side of a request failed with, in the proxy's words.
Error request_error(const Error& error) {
  if (error.code == Code::peer_too_slow) return Error{Code::http_client_too_slow, error.got, error.expected};
  return error;
}

}  // namespace

Task<void> HttpProxy::serve(std::shared_ptr<HttpConnection> connection) {
  for (;;) {
    if (connection->input.view().empty()) {
      // Between requests silence is no fault.
      auto got = co_await connection->client->read_some(connection->input.room(), limits_.keep_alive);
      if (!got || *got == 0) co_return;
      connection->input.commit(*got);
    }
    if (!co_await next_request(connection)) co_return;
  }
}

Task<bool> HttpProxy::next_request(std::shared_ptr<HttpConnection> connection) {
  const auto executor = co_await asio::this_coro::executor;
  const auto exchange = std::make_shared<Exchange>(executor);
  auto done = co_await read_request(*connection, *exchange);
  if (!done) {
    co_await refuse(*connection, *exchange, done.error());
    co_return false;
  }
  done = co_await open_upstream(*connection, *exchange);
  auto body = pass_request_body(connection, exchange, limits_.body_idle);
  asio::co_spawn(executor, std::move(body), runtime::unattended);
  if (done) done = co_await pass_reply(*connection, *exchange);
  // Where the request failed, that closed the upstream: the first cause is the client's.
  if (!done && exchange->request_end.error) done = request_error(*exchange->request_end.error);
  if (!done) co_await refuse(*connection, *exchange, done.error());

  if (exchange->upstream) exchange->upstream->abort();
  connection->upstream.reset();
  if (!co_await exchange->request_done.wait_for(kDrain)) {
    connection->client->abort();
    co_await exchange->request_done.wait();
  }
  log_.event(Code::request_passed, {{"run", connection->run},
                                    {"caller", text_of(connection->caller)},
                                    {"service", exchange->service},
                                    {"method", exchange->request.method},
                                    {"status", exchange->status}});
  co_return done && !exchange->close && exchange->request_end.side == PumpEnd::Side::None;
}

Task<Result<void>> HttpProxy::read_request(HttpConnection& connection, Exchange& exchange) {
  auto size = co_await read_head(*connection.client, connection.input, limits_.head, Code::http_head_too_long);
  if (!size) co_return request_error(size.error());
  auto head = exchange.request_parser.take_head(as_text(connection.input.view().first(*size)));
  connection.input.consume(*size);
  if (!head) co_return head.error();
  exchange.request = std::move(*head);
  CPNS_CO_TRY(exchange.framing, framing_of(exchange.request));
  exchange.close = !exchange.framing.keep_alive;
  co_return Result<void>{};
}

Result<ids::Endpoint> HttpProxy::upstream_of(const Exchange& exchange) const {
  CPNS_TRY(const auto service, service_of(exchange.request, server_id_));
  const auto found = services_.find(service);
  if (found == services_.end() || found->second.kind != ServiceKind::Http)
    return Error{Code::service_unknown, service, "a [service.NAME] of server.toml"};
  return found->second.upstream;
}

Task<Result<void>> HttpProxy::open_upstream(HttpConnection& connection, Exchange& exchange) {
  CPNS_CO_TRY(exchange.service, service_of(exchange.request, server_id_));
  CPNS_CO_TRY(const auto endpoint, upstream_of(exchange));
  auto host = endpoint.host();
  auto socket = co_await runtime::connect(std::move(host), endpoint.port(), limits_.connect);
  if (!socket)
    co_return Error{Code::upstream_unreachable, socket.error().got, exchange.service + " at " + endpoint.text()};
  // A device that was revoked meanwhile has no more requests [V1].
  if (connection.aborted) co_return Error{Code::connection_lost, "a closed link", "a request"};
  auto upstream = std::make_shared<SocketStream>(std::move(*socket));
  const auto head = encode(rewrite(exchange.request, exchange.framing, connection.caller));
  auto written = co_await upstream->write(as_bytes(head));
  if (!written)
    co_return Error{Code::upstream_unreachable, written.error().got, exchange.service + " at " + endpoint.text()};
  exchange.upstream = upstream;
  connection.upstream = upstream;
  co_return Result<void>{};
}

Task<void> HttpProxy::pass_request_body(std::shared_ptr<HttpConnection> connection, std::shared_ptr<Exchange> exchange,
                                        std::chrono::milliseconds idle) {
  const bool chunked = exchange->framing.kind == BodyKind::Chunked;
  auto& parser = exchange->request_parser;
  auto end = PumpEnd{PumpEnd::Side::Sink, std::nullopt};
  if (exchange->upstream) {
    end = co_await pump_body(*connection->client, connection->input, parser, *exchange->upstream, chunked, idle);
  }
  // A service that takes no more of the body may have answered already: its reply decides.
  if (end.side == PumpEnd::Side::Sink) {
    end = co_await discard_body(*connection->client, connection->input, parser, idle);
  } else if (end.side == PumpEnd::Side::Source) {
    exchange->upstream->abort();
  }
  exchange->request_end = std::move(end);
  exchange->request_done.raise();
}

Task<void> HttpProxy::refuse(HttpConnection& connection, Exchange& exchange, const Error& error) {
  log_.error(error, {{"run", connection.run},
                     {"peer", connection.peer},
                     {"caller", text_of(connection.caller)},
                     {"service", exchange.service}});
  exchange.close = true;
  if (exchange.reply_begun) {
    // The client must not take a broken reply for a whole one.
    connection.client->abort();
    co_return;
  }
  const auto page = error_reply(error, services_, exchange.request.method == "HEAD");
  exchange.status = page.status;
  // Where the link is of no more use this fails, and there is nobody to tell.
  (void)co_await connection.client->write(as_bytes(page.text));
}

}  // namespace cpns::server
