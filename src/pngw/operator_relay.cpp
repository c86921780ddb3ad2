#include "pngw/operator_relay.hpp"

#include "core/stream/relay_message.hpp"

namespace cpns::pngw {

using runtime::Task;

Task<Result<RelayUpstream::Opened>> ask_for_relay(std::shared_ptr<runtime::SecureLink> link, ids::CorrelationId run,
                                                  stream::RelayOpen request, std::chrono::milliseconds limit) {
  const bool end_to_end = request.kind == stream::RelayOpen::Kind::EndToEnd;
  runtime::MessageLink messages(link);
  const auto question = stream::encode_relay_message({run, std::move(request)});
  auto sent = co_await messages.send(ByteView(question));
  if (!sent) co_return std::move(sent).error();
  const std::optional<std::chrono::milliseconds> patience = limit;
  auto raw = co_await messages.receive(patience);
  if (!raw) co_return std::move(raw).error();
  // Whoever refuses says so: an end without a word is a next hop that went away, and will be back.
  if (raw->empty()) co_return Error{Code::connection_lost, "the end of the link", "RelayReady"};
  if (!stream::is_relay_message(raw->view())) co_return Error{Code::relay_refused, "Alert", "RelayReady"};
  auto answer = stream::parse_relay_message(raw->view());
  if (!answer) co_return std::move(answer).error();
  auto* ready = std::get_if<stream::RelayReady>(&answer->body);
  if (ready == nullptr) co_return Error{Code::relay_refused, "another message", "RelayReady"};
  RelayUpstream::Opened opened{std::make_shared<runtime::LinkStream>(link), std::move(ready->path),
                               std::move(ready->standing_path)};
  if (!end_to_end) co_return opened;
  auto bare = co_await link->release(limit);
  if (!bare) co_return std::move(bare).error();
  opened.pipe = std::move(*bare);
  co_return opened;
}

Task<Result<RelayUpstream::Opened>> OperatorRelay::open(stream::RelayOpen request) {
  auto host = settings_.server.host();
  auto socket = co_await runtime::connect(std::move(host), settings_.server.port(), settings_.connect);
  if (!socket) co_return Error{Code::relay_upstream_is_down, to_text(socket.error())};
  auto engine = engines_->make();
  if (!engine) co_return std::move(engine).error();
  const auto link = std::make_shared<runtime::SecureLink>(std::move(*socket), std::move(*engine));
  runtime::SecureLink::KeyLookup none;
  auto shaken = co_await link->handshake(settings_.handshake, std::move(none));
  if (!shaken) co_return Error{Code::relay_upstream_is_down, to_text(shaken.error())};
  const ids::CorrelationId run(random_.bytes<ids::CorrelationId::kSize>());
  co_return co_await ask_for_relay(link, run, std::move(request), settings_.answer);
}

}  // namespace cpns::pngw
