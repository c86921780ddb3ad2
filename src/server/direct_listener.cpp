// A connection's way from accept to an authenticated device.

#include "server/direct_listener.hpp"

#include <limits>

#include "server/direct_connection.hpp"
#include "server/direct_links.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

/// Rows in one turn of the loop: a millisecond of it at most, where none of them is in memory.
constexpr std::size_t kAskedInOneTurn = 64;

/// One loop's part of what all may have.
std::size_t part_of(std::size_t limit, std::size_t loops) { return (limit + loops - 1) / loops; }

StrangerReads part_of(StrangerReads limit, std::size_t loops) {
  const auto parts = static_cast<double>(loops);
  return {limit.per_second / parts, limit.at_once / parts};
}

}  // namespace

Result<std::unique_ptr<DirectListener>> DirectListener::make(Context& context, const Settings& settings, Tasks& tasks,
                                                             const DirectLinks& all, std::size_t loop) {
  tls::PskServerProfile profile{.alpn = {"cpns/1", "http/1.1"},
                                .allow_client_without_alpn = true,
                                .allow_p256 = settings.direct_link.allow_p256,
                                .exchange_later = true};
  CPNS_TRY(auto engines, tls::make_psk_server_factory(std::move(profile), settings.direct_link.engine));
  return std::unique_ptr<DirectListener>(new DirectListener(context, settings, tasks, std::move(engines), all, loop));
}

DirectListener::DirectListener(Context& context, const Settings& settings, Tasks& tasks,
                               std::unique_ptr<tls::EngineFactory> engines, const DirectLinks& all, std::size_t loop)
    : context_(context),
      settings_(settings.direct_link),
      tasks_(tasks),
      all_(all),
      loop_(loop),
      engines_(std::move(engines)),
      exchanges_(tasks.executor(), context.random),
      keys_(context, settings.direct_link.allow_plain_identity, part_of(StrangerReads{}, all.count())),
      proxy_(context.server_id, settings.services, settings.http, context.log),
      sessions_(context, settings, proxy_, tasks),
      quota_{settings.quota.pending, settings.quota.pending + 1},
      arrivals_(tasks,
                {part_of(settings.direct_link.accept_queue, all.count()), settings.direct_link.accept_wait,
                 settings.direct_link.handshake},
                context.random, context.log,
                [this](asio::ip::tcp::socket socket, const asio::ip::tcp::endpoint& peer) {
                  begin(std::move(socket), peer);
                }),
      half_open_(part_of(settings.direct_link.max_half_open, all.count())),
      wheel_(tasks.executor()),
      http_links_(settings.direct_link.http_links_per_device),
      cpns_links_(settings.direct_link.cpns_links_per_device + 1),
      session_links_(settings.direct_link.cpns_links_per_device),
      visitors_(std::numeric_limits<std::size_t>::max()) {
  sessions_.set_ping_payload([this] { return arrivals_.ping_payload(); });
  sessions_.set_on_relay(
      [this](std::shared_ptr<runtime::ByteStream> pipe, VerifiedDevice via, stream::RelayOpen request) {
        return serve_behind(std::move(pipe), std::move(via), std::move(request));
      });
  if (all.count() == 1) return;
  sessions_.set_loop(static_cast<std::uint8_t>(loop), [this](std::shared_ptr<runtime::ByteStream> link, Caller caller,
                                                             ids::CorrelationId run, stream::SessionOpen open) {
    return visit(std::move(link), std::move(caller), run, std::move(open));
  });
}

void DirectListener::begin(asio::ip::tcp::socket socket, const asio::ip::tcp::endpoint& peer) {
  const auto connection = std::make_shared<Connection>(*this, std::move(socket), runtime::text_of(peer));
  enter_crowd(connection);
  tasks_.go_on(serve(this, connection));
}

Task<void> DirectListener::serve_carried(std::shared_ptr<runtime::ByteStream> pipe, std::string via) {
  if (!co_await arrivals_.turn_of(via)) co_return pipe->abort();
  const auto connection = std::make_shared<Connection>(*this, std::move(pipe), std::move(via));
  enter_crowd(connection);
  co_await serve(this, connection);
}

Task<void> DirectListener::serve_behind(std::shared_ptr<runtime::ByteStream> pipe, VerifiedDevice via,
                                        stream::RelayOpen request) {
  auto name = "via " + via.cm_device_id.text();
  if (request.kind == stream::RelayOpen::Kind::EndToEnd)
    co_return co_await serve_carried(std::move(pipe), std::move(name));
  if (!request.pairing_id || !request.pne_name) co_return pipe->abort();
  VerifiedPne who{via.pn_gw_id, *request.pairing_id, *request.pne_name, via.cm_device_id};
  co_await sessions_.serve_pne(std::move(pipe), std::move(who));
}

void DirectListener::enter_crowd(const ConnectionPtr& connection) {
  auto [place, pushed] = half_open_.enter([weak = std::weak_ptr<Connection>(connection)] {
    if (const auto oldest = weak.lock()) oldest->drop();
  });
  connection->half_open = std::move(place);
  // Once for a flood, not once for each connection of it.
  if (pushed && half_open_.dropped() % 1000 == 1) {
    context_.log.event(Code::half_open_dropped,
                       {{"link", "direct"}, {"peer", connection->peer}, {"count", half_open_.dropped()}});
  }
}

Task<void> DirectListener::serve(DirectListener* self, ConnectionPtr connection) {
  const bool authenticated = co_await self->hand_shake(connection);
  connection->half_open.leave();
  if (!authenticated) co_return;
  self->arrivals_.served();
  auto* home = &self->all_.home_of(connection->device());
  if (home != self && co_await self->move_to(home, connection)) co_return;
  co_await self->serve_device(connection);
}

Task<void> DirectListener::serve_device(ConnectionPtr connection) {
  watch(connection);
  arrivals_.saw(connection->device());
  const auto alpn = connection->link->engine().alpn();
  context_.log.event(
      Code::direct_link_open,
      {{"run", connection->run()}, {"cm_device_id", connection->device()}, {"peer", connection->peer}, {"alpn", alpn}});
  if (alpn == "cpns/1") {
    co_await serve_signalling(connection);
  } else {
    co_await serve_http(connection);
  }
  if (!connection->parked) co_await end(connection);
}

Task<void> DirectListener::end(ConnectionPtr connection) {
  connection->leave();
  co_await connection->link->shutdown();
  context_.log.event(Code::direct_link_closed,
                     {{"run", connection->run()}, {"cm_device_id", connection->device()}, {"peer", connection->peer}});
}

// Nothing is made for a connection before its ClientHello is there; one that is carried has a PN GW to answer for it.
Task<Result<std::unique_ptr<runtime::Transport>>> DirectListener::first_bytes(ConnectionPtr connection) {
  if (connection->pipe) co_return runtime::over_stream(std::exchange(connection->pipe, nullptr));
  auto spoken = co_await wait_for_client_hello(*connection->socket, settings_.handshake);
  if (!spoken) co_return std::move(spoken).error();
  co_return runtime::over_tcp(std::move(*connection->socket), connection->peer);
}

Task<bool> DirectListener::hand_shake(ConnectionPtr connection) {
  const auto until = std::chrono::steady_clock::now() + settings_.handshake;
  auto transport = co_await first_bytes(connection);
  if (!transport) {
    if (!connection->dropped) log_refusal(*connection, transport.error());
    co_return false;
  }
  auto engine = engines_->make();
  if (!engine) {
    log_refusal(*connection, engine.error());
    co_return false;
  }
  connection->link = std::make_shared<runtime::SecureLink>(std::move(*transport), std::move(*engine));
  runtime::SecureLink::KeyLookup look_up = [self = this, connection](std::string identity) {
    return find_key(self, connection, std::move(identity));
  };
  runtime::SecureLink::Exchange exchange = [self = this](tls::x25519::Share theirs) {
    return self->exchanges_.exchange(theirs);
  };
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  const auto limit = std::max(left, std::chrono::milliseconds(1));
  auto done = co_await connection->link->handshake(limit, std::move(look_up), std::move(exchange));
  if (connection->dropped) co_return false;
  auto& lookup = connection->lookup;
  if (!done) {
    log_refusal(*connection, lookup.refusal ? *lookup.refusal : done.error());
    co_await connection->link->shutdown();
    co_return false;
  }
  if (!lookup.found) {
    log_refusal(*connection, Error{Code::device_identity_unknown, "a completed handshake", "a device"});
    co_return false;
  }
  if (auto device = assign::on_client_finished(*lookup.found, lookup.refusal); !device) {
    log_refusal(*connection, device.error());
    co_return false;
  }
  lookup.found.reset();        // and with it the Key Seed
  log_key_steps(*connection);  // a quick client has answered before the line was written
  log_step(*connection, assign::Step::ClientFinished);
  co_return true;
}

Task<std::optional<secret::TlsPsk>> DirectListener::find_key(DirectListener* self, ConnectionPtr connection,
                                                             std::string identity) {
  auto psk = self->keys_.look_up(identity, connection->lookup);
  if (!connection->lookup.refusal) {
    // After the answer has left: a listener must not learn from its time whether there was something to log [T2].
    connection->key_steps_due = true;
    asio::post(self->tasks_.executor(), [self, connection] { self->log_key_steps(*connection); });
  }
  co_return std::optional<secret::TlsPsk>(std::move(psk));
}

void DirectListener::log_key_steps(Connection& connection) {
  if (!std::exchange(connection.key_steps_due, false)) return;
  log_step(connection, assign::Step::ClientHello);
  log_step(connection, assign::Step::FindKey);
}

void DirectListener::log_step(const Connection& connection, assign::Step step) {
  context_.log.event(Code::step_done, {{"run", connection.run()},
                                       {"step", assign::number(step)},
                                       {"party", "server"},
                                       {"cm_device_id", connection.device()}});
}

void DirectListener::log_refusal(const Connection& connection, const Error& error) {
  if (connection.lookup.device) {
    context_.log.error(error, {{"run", connection.lookup.device->correlation_id},
                               {"peer", connection.peer},
                               {"cm_device_id", connection.device()}});
    context_.audit_refusal(error, connection.device().text(), connection.lookup.device->correlation_id);
  } else {
    context_.log.error(error, {{"peer", connection.peer}});
    context_.audit_stranger(error);
  }
}

std::size_t DirectListener::close_links(const ids::CmDeviceId& id) {
  // Sessions first: none may go on over a link that is just being closed.
  sessions_.end_of(id);
  (void)visitors_.close_all(id);
  return http_links_.close_all(id) + cpns_links_.close_all(id);
}

bool DirectListener::is_good_now(const ids::CmDeviceId& id) {
  const auto info = context_.devices.show(id);
  return info && info.value() && DeviceKeys::standing(*info.value(), runtime::now()) == assign::DeviceStanding::Good;
}

Task<std::size_t> DirectListener::close_ended() {
  std::size_t closed = 0, asked = 0;
  for (const auto* links : {&visitors_, &http_links_, &cpns_links_}) {
    // A link that is opened meanwhile has looked at its row after the change [may_still_connect].
    for (const auto& id : links->owners()) {
      if (!is_good_now(id)) closed += close_links(id);
      if (++asked % kAskedInOneTurn == 0) {
        const auto token = asio::use_awaitable;
        co_await asio::post(tasks_.executor(), token);
      }
    }
  }
  co_return closed;
}

std::vector<std::string> DirectListener::peers(const ids::CmDeviceId& id) const {
  auto found = http_links_.peers(id);
  const auto more = cpns_links_.peers(id);
  found.insert(found.end(), more.begin(), more.end());
  return found;
}

void DirectListener::close_all() {
  closed_ = true;
  arrivals_.close_all();
  half_open_.close_all();
  sessions_.close_all();
  http_links_.close_all();
  cpns_links_.close_all();
}

}  // namespace cpns::server
