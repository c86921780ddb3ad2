// The reply's side of the proxy: interim replies, the reply itself, and the change to WebSocket.

#include "server/http_exchange.hpp"

namespace cpns::server {

using runtime::Task;

namespace {

/// An honest service sends a handful of interim replies at most.
constexpr int kMaxInterimReplies = 32;

Error reply_error(const Error& error) {
  switch (error.code) {
    case Code::peer_too_slow:
      return Error{Code::upstream_silent, error.got, error.expected};
    case Code::connection_lost:
      return Error{Code::upstream_broke_off, error.got, "a whole reply"};
    default:
      return error;
  }
}

}  // namespace

Task<Result<void>> HttpProxy::pass_reply(HttpConnection& connection, Exchange& exchange) {
  for (int interim = 0; interim < kMaxInterimReplies; ++interim) {
    ReplyParser parser(exchange.request.method);
    auto size =
        co_await read_head(*exchange.upstream, exchange.reply_input, limits_.upstream, Code::upstream_reply_malformed);
    if (!size || *size == 0) {
      if (!size) co_return reply_error(size.error());
      co_return Error{Code::upstream_broke_off, "the end of the connection", "a reply"};
    }
    auto reply = parser.take_head(as_text(exchange.reply_input.view().first(*size)));
    exchange.reply_input.consume(*size);
    if (!reply) co_return reply.error();
    auto framing = framing_of(*reply, exchange.request.method);
    if (!framing) co_return framing.error();

    if (reply->status == 101) {
      if (!exchange.framing.websocket || !framing->websocket) {
        co_return Error{Code::upstream_reply_malformed, "101 to something else than WebSocket",
                        "a reply to the request"};
      }
    } else if (reply->status / 100 != 1) {
      co_return co_await pass_final_reply(connection, exchange, parser, *reply, *framing);
    }
    if (exchange.request.minor_version == 0) continue;  // HTTP/1.0 knows no interim replies
    const auto head = encode(rewrite(*reply, *framing, exchange.request.minor_version, false));
    auto written = co_await connection.client->write(as_bytes(head));
    if (!written) co_return written.error();
    if (reply->status == 101) {
      exchange.status = 101;
      exchange.reply_begun = true;
      exchange.close = true;
      co_await pass_tunnel(connection, exchange);
      co_return Result<void>{};
    }
  }
  co_return Error{Code::upstream_reply_malformed, "interim replies without end", "a reply"};
}

Task<Result<void>> HttpProxy::pass_final_reply(HttpConnection& connection, Exchange& exchange, ReplyParser& parser,
                                               const ReplyHead& reply, const Framing& framing) {
  const auto client_minor = exchange.request.minor_version;
  const bool streamed = framing.kind == BodyKind::Chunked || framing.kind == BodyKind::UntilClose;
  if (streamed && client_minor == 0) exchange.close = true;  // the end of the connection is the end of the body
  exchange.status = reply.status;
  exchange.reply_begun = true;
  auto passed = rewrite(reply, framing, client_minor, exchange.close);
  if (auto alias = std::exchange(connection.fresh_alias, std::nullopt)) {
    passed.fields.push_back({std::string(kAliasField), std::move(*alias)});
  }
  const auto head = encode(passed);
  auto written = co_await connection.client->write(as_bytes(head));
  if (!written) co_return written.error();
  const auto end = co_await pump_body(*exchange.upstream, exchange.reply_input, parser, *connection.client,
                                      streamed && client_minor == 1, limits_.upstream);
  if (!end.error) co_return Result<void>{};
  co_return end.side == PumpEnd::Side::Source ? reply_error(*end.error) : *end.error;
}

Task<void> HttpProxy::pass_tunnel(HttpConnection& connection, Exchange& exchange) {
  // The request had no body, so its pump has ended and this is the client's only reader.
  co_await exchange.request_done.wait();
  const auto executor = co_await runtime::asio::this_coro::executor;
  const auto back_done = std::make_shared<Signal>(executor);
  auto back = tunnel_back(connection.shared_from_this(), exchange.shared_from_this(), back_done, limits_.tunnel_idle);
  runtime::asio::co_spawn(executor, std::move(back), runtime::unattended);
  // The limit is the service's: it counts what moves in both directions.
  constexpr std::chrono::hours kNone{24 * 365};
  const auto end = co_await pump_raw(*connection.client, connection.input, *exchange.upstream, kNone);
  if (end.error) {
    exchange.upstream->abort();
  } else {
    exchange.upstream->finish_writing();
  }
  co_await back_done->wait();
}

Task<void> HttpProxy::tunnel_back(std::shared_ptr<HttpConnection> connection, std::shared_ptr<Exchange> exchange,
                                  std::shared_ptr<Signal> done, std::chrono::milliseconds idle) {
  (void)co_await pump_raw(*exchange->upstream, exchange->reply_input, *connection->client, idle);
  // The service has ended: there is nothing left for the client to say.
  connection->client->abort();
  exchange->upstream->abort();
  done->raise();
}

}  // namespace cpns::server
