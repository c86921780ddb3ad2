// PNE mode at the Server: connections that a PN GW carries, on the operator port or in a session.

#include "core/stream/node_path.hpp"
#include "core/stream/relay_message.hpp"
#include "server/operator_connection.hpp"

namespace cpns::server {

using runtime::Task;

namespace {

constexpr std::chrono::seconds kRelayOpenLimit{10};

}  // namespace

Task<Result<void>> OperatorListener::serve_relay(ConnectionPtr connection, ids::PnGwId pn_gw_id) {
  // Counted from here on, whether or not it asks for anything: it is no longer half-open.
  const auto entry = relays_.add(pn_gw_id, connection->peer, [weak = std::weak_ptr(connection)] {
    const auto carried = weak.lock();
    if (!carried) return;
    carried->link->abort();
    if (carried->bare) carried->bare->abort();
  });
  runtime::MessageLink messages(connection->link);
  const std::optional<std::chrono::milliseconds> limit = kRelayOpenLimit;
  auto raw = co_await messages.receive(limit);
  if (!raw) co_return std::move(raw).error();
  if (raw->empty()) co_return Result<void>{};
  auto message = stream::parse_relay_message(raw->view());
  auto* open = message ? std::get_if<stream::RelayOpen>(&message->body) : nullptr;
  std::optional<Error> refusal;
  if (!message) {
    refusal = std::move(message).error();
  } else if (open == nullptr || !open->pairing_id || !open->pne_name) {
    refusal = Error{Code::message_not_for_server, "no RelayOpen with the PNE's name", "a RelayOpen of a PN GW"};
  } else if (auto checked = stream::check_at_server(open->path); !checked) {
    refusal = std::move(checked).error();
  }
  if (refusal) {
    const ids::CorrelationId nobody(std::array<std::uint8_t, ids::CorrelationId::kSize>{});
    const auto alert = assign::encode_public(nobody, assign::Alert{});
    (void)co_await messages.send(ByteView(alert));
    co_return std::move(*refusal);
  }
  const auto ready = stream::encode_relay_message({message->correlation_id, stream::RelayReady{{}}});
  auto sent = co_await messages.send(ByteView(ready));
  if (!sent) co_return sent;
  const bool end_to_end = open->kind == stream::RelayOpen::Kind::EndToEnd;
  context_.log.event(Code::relay_link_open, {{"pn_gw_id", pn_gw_id},
                                             {"pairing_id", open->pairing_id->hex()},
                                             {"kind", end_to_end ? "end-to-end" : "pne"},
                                             {"peer", connection->peer}});
  if (end_to_end) {
    // The device's own TLS is what protects these bytes: this hop's has done its work (docs/relay.md).
    auto bare = co_await connection->link->release(kRelayOpenLimit);
    if (!bare) co_return std::move(bare).error();
    connection->bare = *bare;
    auto via = "via " + pn_gw_id.text();
    co_await direct_.first().serve_carried(std::move(*bare), std::move(via));
  } else {
    std::shared_ptr<runtime::ByteStream> pipe = std::make_shared<runtime::LinkStream>(connection->link);
    VerifiedPne who{pn_gw_id, *open->pairing_id, *open->pne_name, {}};
    co_await direct_.first().sessions().serve_pne(std::move(pipe), std::move(who));
  }
  context_.log.event(Code::relay_link_closed,
                     {{"pn_gw_id", pn_gw_id}, {"pairing_id", open->pairing_id->hex()}, {"peer", connection->peer}});
  co_return Result<void>{};
}

}  // namespace cpns::server
