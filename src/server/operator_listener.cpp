#include "server/operator_listener.hpp"

#include "pngw/operator_relay.hpp"
#include "pngw/standalone_link.hpp"
#include "server/first_bytes.hpp"
#include "server/operator_connection.hpp"
#include "tls/certificate_uri.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

Result<std::unique_ptr<OperatorListener>> OperatorListener::make(Context& context, const Settings& settings,
                                                                 Tasks& tasks, DirectLinks& direct,
                                                                 tls::Identity server, tls::Identity ca) {
  tls::CertificateProfile profile{.certificate_chain_pem = std::move(server.certificate_pem),
                                  .private_key_pem = std::move(server.private_key_pem),
                                  .trusted_ca_pem = ca.certificate_pem,
                                  .alpn = {std::string(pngw::kOperatorAlpn), std::string(pngw::kOperatorRelayAlpn),
                                           std::string(pngw::kBearerAlpn), std::string(kEnrolAlpn)},
                                  .expected_server_name = {}};
  CPNS_TRY(auto engines, tls::make_certificate_server_factory(std::move(profile)));
  return std::unique_ptr<OperatorListener>(
      new OperatorListener(context, settings, tasks, direct, std::move(engines), std::move(ca)));
}

OperatorListener::OperatorListener(Context& context, const Settings& settings, Tasks& tasks, DirectLinks& direct,
                                   std::unique_ptr<tls::EngineFactory> engines, tls::Identity ca)
    : context_(context),
      settings_(settings),
      tasks_(tasks),
      direct_(direct),
      engines_(std::move(engines)),
      enrolment_(context, std::move(ca), [this](ids::PnGwId id) { return close_links(std::move(id)); }),
      bearers_(context.key_exchange, context.random),
      half_open_(settings.operator_link.max_half_open),
      links_(settings.operator_link.links_per_gateway),
      relays_(settings.operator_link.relays_per_gateway),
      assigning_(context, settings.limits.assignments_per_minute, settings.exchange_way(), tasks.executor()) {}

void OperatorListener::take(asio::ip::tcp::socket socket) {
  auto peer = address_of(socket);
  const auto connection = std::make_shared<Connection>(std::move(socket), std::move(peer));
  auto [place, pushed] = half_open_.enter([weak = std::weak_ptr<Connection>(connection)] {
    const auto oldest = weak.lock();
    if (!oldest) return;
    oldest->dropped = true;
    boost::system::error_code ignored;
    if (oldest->link) {
      oldest->link->abort();
    } else {
      oldest->socket.close(ignored);
    }
  });
  connection->half_open = std::move(place);
  if (pushed && half_open_.dropped() % 1000 == 1) {
    context_.log.event(Code::half_open_dropped,
                       {{"link", "operator"}, {"peer", connection->peer}, {"count", half_open_.dropped()}});
  }
  tasks_.spawn(serve(this, connection));
}

Task<void> OperatorListener::serve(OperatorListener* self, ConnectionPtr connection) {
  auto done = co_await self->hand_shake(connection);
  connection->half_open.leave();
  if (done && !connection->dropped) {
    const auto& engine = connection->link->engine();
    if (engine.peer().psk_identity.empty()) {
      done = co_await self->serve_gateway(connection);
    } else {
      done = co_await self->serve_token(connection);
    }
  }
  if (!done && !connection->dropped) {
    self->context_.log.error(done.error(), {{"link", "operator"}, {"peer", connection->peer}});
    self->context_.audit_stranger(done.error());
  }
  if (connection->link) co_await connection->link->shutdown();
}

Task<Result<void>> OperatorListener::hand_shake(ConnectionPtr connection) {
  const auto limit = settings_.operator_link.handshake;
  auto spoken = co_await wait_for_client_hello(connection->socket, limit);
  if (!spoken) co_return spoken.error();
  auto engine = engines_->make();
  if (!engine) co_return engine.error();
  connection->link = std::make_shared<runtime::SecureLink>(std::move(connection->socket), std::move(*engine));
  runtime::SecureLink::KeyLookup look_up = [self = this](std::string identity) {
    return find_key(self, std::move(identity));
  };
  co_return co_await connection->link->handshake(limit, std::move(look_up));
}

Task<std::optional<secret::TlsPsk>> OperatorListener::find_key(OperatorListener* self, std::string identity) {
  auto bearer = self->bearers_.look_up(identity, runtime::now());
  if (bearer) co_return bearer;
  co_return self->enrolment_.look_up(identity);
}

// A token is good for what it was made for, and nothing else.
Task<Result<void>> OperatorListener::serve_token(ConnectionPtr connection) {
  const auto& engine = connection->link->engine();
  const auto& identity = engine.peer().psk_identity;
  const bool bearer = BearerTokens::is_bearer(identity);
  const auto meant = bearer ? pngw::kBearerAlpn : kEnrolAlpn;
  if (engine.alpn() != meant) co_return Error{Code::operator_alpn_refused, engine.alpn(), std::string(meant)};
  if (!bearer) {
    co_await enrolment_.serve(connection->link);
    co_return Result<void>{};
  }
  auto owner = bearers_.owner(identity, runtime::now());
  if (!owner) co_return std::move(owner).error();
  auto id = std::move(*owner);
  co_return co_await serve_relay(connection, std::move(id));
}

Result<store::GatewayInfo> OperatorListener::authenticate(const tls::PeerIdentity& peer) const {
  if (peer.certificate_uris.size() != 1 || !peer.certificate_sha256) {
    return Error{Code::gateway_identity_ambiguous, std::to_string(peer.certificate_uris.size()) + " URIs", "one"};
  }
  CPNS_TRY(const auto id, tls::pn_gw_id_of(peer.certificate_uris));
  CPNS_TRY(auto gateway, context_.gateways.find(id));
  if (!gateway) return Error{Code::gateway_unknown, id.text(), "a PN GW that was added here"};
  if (gateway->state != store::GatewayState::Enrolled) {
    return Error{Code::gateway_not_enrolled, id.text() + " is " + std::string(store::to_text(gateway->state)),
                 "enrolled"};
  }
  if (gateway->certificate_sha256 != peer.certificate_sha256) {
    const auto expected = gateway->certificate_sha256 ? to_hex(*gateway->certificate_sha256) : "none";
    return Error{Code::gateway_certificate_differs, to_hex(*peer.certificate_sha256), expected};
  }
  return std::move(*gateway);
}

Task<Result<void>> OperatorListener::serve_gateway(ConnectionPtr connection) {
  const auto& engine = connection->link->engine();
  const bool relay = engine.alpn() == pngw::kOperatorRelayAlpn;
  if (!relay && engine.alpn() != pngw::kOperatorAlpn) {
    co_return Error{Code::operator_alpn_refused, engine.alpn(), std::string(pngw::kOperatorAlpn)};
  }
  auto gateway = authenticate(engine.peer());
  if (!gateway) co_return gateway.error();
  if (relay) {
    auto id = gateway->pn_gw_id;
    co_return co_await serve_relay(connection, std::move(id));
  }
  if (links_.count() >= settings_.operator_link.max_links) {
    co_return Error{Code::connection_limit_reached, std::to_string(links_.count()) + " operator links", "fewer"};
  }
  const ids::PnGwId id = gateway->pn_gw_id;
  auto added = links_.add(id, connection->peer, [weak = std::weak_ptr(connection->link)] {
    if (const auto link = weak.lock()) link->abort();
  });
  if (added.closed_peer) {
    context_.log.event(Code::too_many_operator_links,
                       {{"pn_gw_id", id}, {"peer", connection->peer}, {"closed_peer", *added.closed_peer}});
  }
  context_.log.event(Code::operator_link_open, {{"pn_gw_id", id}, {"peer", connection->peer}});
  const store::Quota quota{settings_.quota.pending, gateway->device_quota};
  const auto link = std::make_shared<OperatorLink>(context_, assigning_, settings_.operator_link.limits, quota,
                                                   std::make_unique<LinkChannel>(connection->link), id);
  served_.insert_or_assign(id, link);
  co_await link->serve();
  if (const auto found = served_.find(id); found != served_.end() && found->second.lock() == link) served_.erase(found);
  context_.log.event(Code::operator_link_closed, {{"pn_gw_id", id}, {"peer", connection->peer}});
  co_return Result<void>{};
}

Task<Result<void>> OperatorListener::invite(ids::PnGwId id, ids::DeviceName device_name) {
  const auto found = served_.find(id);
  const auto link = found == served_.end() ? nullptr : found->second.lock();
  if (!link) co_return Error{Code::gateway_not_linked, id.text(), "an open operator link"};
  co_return co_await link->invite(std::move(device_name));
}

Task<std::size_t> OperatorListener::close_links(ids::PnGwId id) {
  bearers_.end(id);
  const auto closed = links_.close_all(id);
  co_return closed + co_await close_carried(id);
}

Task<std::size_t> OperatorListener::close_bearers(ids::PnGwId id) {
  if (!bearers_.end(id)) co_return std::size_t{0};
  co_return co_await close_carried(id);
}

Task<std::size_t> OperatorListener::close_carried(ids::PnGwId id) {
  const auto closed = relays_.close_all(id);
  co_return closed + co_await direct_.close_pnes_of(id);
}

void OperatorListener::close_all() {
  half_open_.close_all();
  links_.close_all();
  relays_.close_all();
}

}  // namespace cpns::server
