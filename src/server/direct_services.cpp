// What an authenticated direct link carries: cpns/1 signalling [T6], or HTTP to services [T4].

#include "server/committed.hpp"
#include "server/direct_connection.hpp"
#include "server/direct_links.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

constexpr std::chrono::seconds kHelloLimit{10};
/// A link on which nothing was said for so long gives memory back.
constexpr std::chrono::seconds kRestAfter{1};

Task<void> send_message(runtime::MessageLink messages, Bytes message) {
  (void)co_await messages.send(ByteView(message));
}

}  // namespace

DirectListener::Links::Entry DirectListener::enter(Links& links, const Connection& connection, std::string_view kind,
                                                   std::function<void()> close) {
  auto added = links.add(connection.device(), connection.peer, std::move(close));
  if (added.closed_peer) {
    context_.log.event(Code::link_count_exceeded, {{"run", connection.run()},
                                                   {"cm_device_id", connection.device()},
                                                   {"kind", kind},
                                                   {"peer", connection.peer},
                                                   {"closed_peer", *added.closed_peer}});
  }
  return std::move(added.entry);
}

bool DirectListener::may_still_connect(const Connection& connection) {
  // A revocation between the handshake and here found no link to close: the row tells. One that is committed later
  // finds it: the link is in the registry by now, and closing comes to this thread after the commit. Where nothing was
  // committed since, the row is the one that the handshake has read.
  const auto& lookup = connection.lookup;
  if (context_.devices.commits() == lookup.commits &&
      DeviceKeys::standing(*lookup.device, runtime::now()) == assign::DeviceStanding::Good) {
    return true;
  }
  auto info = context_.devices.show(connection.device());
  if (info && info.value() && DeviceKeys::standing(*info.value(), runtime::now()) == assign::DeviceStanding::Good) {
    return true;
  }
  log_refusal(connection,
              info ? Error{Code::device_identity_revoked, connection.device().text(), "a device that is not revoked"}
                   : info.error());
  return false;
}

Task<void> DirectListener::mark_in_use(ConnectionPtr connection) {
  const auto& info = *connection->lookup.device;
  if (info.state == store::DeviceState::InUse || info.state == store::DeviceState::Renewing) co_return;
  const auto run = connection->run();
  const auto id = connection->device();
  const auto old_id = info.renews;
  if (old_id) {
    // First, so that the session is found under the new ID by what this link says next. It is on the old ID's home.
    const auto pass_on = [old_id = *old_id, id](DirectListener& one) { return one.sessions_.pass_on(old_id, id); };
    (void)co_await all_.ask_all(pass_on);
  }
  auto& log = context_.log;
  const auto executor = tasks_.executor();
  auto done = [this, &log, run, id, old_id, executor](Result<assign::Durable> marked) {
    if (!marked) {
      log.error(marked.error(), {{"run", run}});
      // Its row has gone since the handshake, with that of the ID that it renews, say: nobody knows of this link else.
      asio::post(executor, [this, id] {
        if (!is_good_now(id)) close_everywhere(id);
      });
      return;
    }
    if (old_id) asio::post(executor, [this, run, id, old_id] { on_predecessor_gone(*old_id, id, run); });
  };
  context_.devices.mark_in_use(id, runtime::now(), std::move(done));
}

Task<void> DirectListener::serve_http(ConnectionPtr connection) {
  auto client = std::make_shared<LinkStream>(connection->link);
  const VerifiedDevice device{connection->device(), connection->lookup.device->pn_gw_id};
  const auto http = std::make_shared<HttpConnection>(std::move(client), device, connection->run(), connection->peer);
  http->fresh_alias = context_.alias_keys.make(connection->device(), context_.random).text();
  const auto entry = enter(http_links_, *connection, "http", [weak = std::weak_ptr<HttpConnection>(http)] {
    if (const auto open = weak.lock()) open->abort();
  });
  if (!may_still_connect(*connection)) co_return;
  co_await mark_in_use(connection);
  co_await proxy_.serve(http);
}

Task<void> DirectListener::serve_signalling(ConnectionPtr connection) {
  connection->entry.emplace(enter(cpns_links_, *connection, "cpns", [weak = std::weak_ptr<Connection>(connection)] {
    if (const auto open = weak.lock()) open->link->abort();
  }));
  if (!may_still_connect(*connection)) co_return;
  connection->need.reset();
  auto& session = connection->session.emplace(assign::Role::CpnsServer, context_.server_id, connection->device(),
                                              connection->run());
  auto& messages = connection->messages.emplace(connection->link);
  const auto started = session.start();
  for (const auto& action : started.actions) {
    // With what answers the device's LinkHello, which a quick one has sent behind its Finished.
    if (const auto* send = std::get_if<assign::LinkSession::Send>(&action)) (void)messages.put(send->message);
  }
  co_await signal(connection, false);
}

void DirectListener::resume(const ConnectionPtr& connection) {
  connection->parked = false;
  // It rests again soon, whenever the next look at it was to be.
  if (std::exchange(connection->resting, false)) wheel_.enter(*connection, kRestAfter);
  tasks_.go_on(go_on(this, connection));
}

Task<void> DirectListener::go_on(DirectListener* self, ConnectionPtr connection) {
  co_await self->signal(connection, true);
  if (!connection->parked) co_await self->end(connection);
}

Task<void> DirectListener::signal(ConnectionPtr connection, bool readable) {
  auto& session = *connection->session;
  auto& messages = *connection->messages;
  while (!connection->over) {
    const bool may_park = session.open() && !connection->renewal && !std::exchange(readable, false);
    if (may_park && connection->link->park(connection)) {
      connection->parked = true;
      co_return;
    }
    const auto limit = session.open() ? settings_.dead : std::chrono::milliseconds(kHelloLimit);
    auto raw = co_await messages.receive(limit);
    if (raw && raw->empty()) break;
    if (!raw) {
      auto error = std::move(raw).error();
      const bool silent = connection->unanswered || (error.code == Code::peer_too_slow && session.open());
      if (silent) error = Error{Code::link_not_answered};
      log_refusal(*connection, error);
      break;
    }
    connection->heard = std::chrono::steady_clock::now();
    const auto view = raw->view();
    if (co_await on_signal(connection, view)) break;
  }
  connection->over = true;
  end_renewal(connection);
  if (connection->session_open) co_await serve_session(connection);
  connection->entry.reset();
}

Task<bool> DirectListener::on_signal(ConnectionPtr connection, ByteView raw) {
  auto& session = *connection->session;
  auto& messages = *connection->messages;
  std::optional<Error> refusal;
  if (session.open() && stream::is_frame(raw)) {
    auto frame = stream::parse_frame(raw);
    auto* open = frame ? std::get_if<stream::SessionOpen>(&*frame) : nullptr;
    if (open != nullptr) {
      connection->session_open = std::move(*open);
      co_return true;
    }
    refusal = frame ? Error{Code::link_message_not_expected, std::string(stream::frame_name(*frame)), "SessionOpen"}
                    : std::move(frame).error();
  } else {
    auto message = assign::parse(raw);
    if (message && session.open() && co_await on_life(connection, *message, raw)) co_return false;
    if (message) {
      const bool was_open = session.open();
      auto outcome = session.on_message(*message);
      co_await perform(connection, std::move(outcome));
      if (connection->over || was_open || !session.open()) co_return false;
      co_await mark_in_use(connection);
      if (arrivals_.has_to_tell()) {
        const Bytes ping = session.ping(arrivals_.ping_payload());
        (void)messages.put(ByteView(ping));
      }
      const Bytes update = session.alias_update(context_.alias_keys.make(connection->device(), context_.random));
      (void)co_await messages.send(ByteView(update));
      if (renewal_is_due(*connection->lookup.device, runtime::now())) {
        const Bytes invitation = session.invite(connection->lookup.device->device_name);
        (void)co_await messages.send(ByteView(invitation));
      }
      wheel_.enter(*connection, Wheel::kTick);  // from now on it is asked, too
      co_return false;
    }
    refusal = std::move(message).error();
  }
  log_refusal(*connection, *refusal);
  const Bytes alert = assign::alert(connection->run());
  (void)co_await messages.send(ByteView(alert));
  connection->over = true;
  co_return false;
}

Task<void> DirectListener::serve_session(ConnectionPtr connection) {
  const auto entry = enter(session_links_, *connection, "session", [weak = std::weak_ptr<Connection>(connection)] {
    if (const auto open = weak.lock()) open->link->abort();
  });
  Caller caller = VerifiedDevice{connection->device(), connection->lookup.device->pn_gw_id};
  std::shared_ptr<ByteStream> link = std::make_shared<LinkStream>(connection->link);
  auto open = std::move(*connection->session_open);
  auto ended = co_await sessions_.serve(std::move(link), std::move(caller), connection->run(), std::move(open));
  if (!ended && ended.error().code != Code::connection_lost) log_refusal(*connection, ended.error());
}

Task<void> DirectListener::perform(ConnectionPtr connection, assign::LinkSession::Result outcome) {
  if (outcome.refusal) log_refusal(*connection, *outcome.refusal);
  for (const auto& action : outcome.actions) {
    if (const auto* send = std::get_if<assign::LinkSession::Send>(&action)) {
      auto sent = co_await connection->messages->send(ByteView(send->message));
      if (!sent) connection->over = true;
    } else if (const auto* done = std::get_if<assign::StepDone>(&action)) {
      log_step(*connection, done->step);
    }
  }
  if (outcome.over()) connection->over = true;
}

void DirectListener::tick(const ConnectionPtr& connection) {
  const auto now = std::chrono::steady_clock::now();
  arrivals_.saw(connection->device());
  if (now >= connection->look_at) look_again(connection);
  auto next = connection->look_at;
  if (connection->session && connection->session->open() && !connection->over) {
    const auto silent = now - connection->heard;
    if (connection->parked && silent >= settings_.dead) {
      connection->unanswered = true;
      connection->link->abort();
    } else if (silent >= settings_.ping && now - connection->asked >= settings_.ping) {
      connection->asked = now;
      tasks_.go_on(send_message(*connection->messages, connection->session->ping(arrivals_.ping_payload())));
    } else if (connection->parked && !connection->resting && silent >= kRestAfter) {
      connection->resting = true;
      connection->link->rest();
    }
    next = std::min(next, std::max(connection->heard, connection->asked) + settings_.ping);
    next = std::min(next, connection->heard + settings_.dead);
    if (!connection->resting) next = std::min(next, now + kRestAfter);
  }
  wheel_.enter(*connection, std::chrono::ceil<std::chrono::milliseconds>(next - now));
}

}  // namespace cpns::server
