#include "server/sessions.hpp"

#include <algorithm>

#include "core/stream/node_path.hpp"
#include "runtime/splice.hpp"
#include "server/proxy_protocol.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using carrier::CarriedStream;
using carrier::Carrier;
using runtime::Task;

struct Sessions::Session {
  Caller caller;
  ids::CorrelationId run;
  stream::ResumeToken token;
  std::uint64_t age = 0;
  std::shared_ptr<Carrier> carrier{};
  std::string peer{};  // where its newest link comes from
  stream::LinkNumber next_link = 1;
};

Sessions::SessionPtr Sessions::make(const Caller& caller, const ids::CorrelationId& run) {
  make_room(caller);
  auto bytes = context_.random.bytes<stream::ResumeToken::kSize>();
  if (loop_) bytes.front() = *loop_;
  const stream::ResumeToken token(bytes);
  const auto session = std::make_shared<Session>(Session{caller, run, token, next_age_++});
  Carrier::Hooks hooks;
  hooks.on_stream = [this, weak = std::weak_ptr<Session>(session)](std::shared_ptr<CarriedStream> stream,
                                                                   stream::StreamTarget target) {
    if (auto owner = weak.lock())
      tasks_.spawn(serve_stream(this, std::move(owner), std::move(stream), std::move(target)));
  };
  hooks.on_over = [this, token] { end(token); };
  if (std::holds_alternative<VerifiedDevice>(caller)) hooks.ping_payload = ping_payload_;
  session->carrier = std::make_shared<Carrier>(tasks_.executor(), stream::Side::Server, settings_.session.limits, token,
                                               run, std::move(hooks), context_.log);
  sessions_.emplace(token, session);
  context_.log.event(Code::session_opened, {{"run", run}, {"caller", text_of(caller)}});
  return session;
}

// One more than it may have ends the oldest that nobody uses, or else the oldest. PNEs without a key are counted by who
// vouches for them, too: it makes up their pairings, and with a new one for each session it could have any number.
void Sessions::make_room(const Caller& caller) {
  const auto keep_below = [&](std::size_t limit, const auto& counts) {
    SessionPtr oldest;
    std::size_t found = 0;
    for (const auto& [token, session] : sessions_) {
      if (!counts(session->caller)) continue;
      ++found;
      const auto rank = [](const Session& one) { return std::pair(one.carrier->links() > 0, one.age); };
      if (!oldest || rank(*session) < rank(*oldest)) oldest = session;
    }
    if (found < limit || !oldest) return;
    context_.log.event(Code::session_count_exceeded,
                       {{"run", oldest->run}, {"caller", text_of(caller)}, {"limit", limit}});
    oldest->carrier->abort();
    end(oldest->token);
  };
  keep_below(settings_.session.per_caller, [&](const Caller& other) { return other == caller; });
  const auto* pne = std::get_if<VerifiedPne>(&caller);
  if (pne == nullptr) return;
  // Twice what it may carry at once: while a session waits for its link, another may use the place on the line.
  keep_below(2 * settings_.operator_link.relays_per_gateway, [&](const Caller& other) {
    const auto* its = std::get_if<VerifiedPne>(&other);
    return its != nullptr && its->pn_gw_id == pne->pn_gw_id && its->via == pne->via;
  });
}

Sessions::SessionPtr Sessions::find(const stream::SessionOpen& open, const Caller& caller,
                                    const ids::CorrelationId& run) {
  if (!open.resume_token) return nullptr;
  const auto at = sessions_.find(*open.resume_token);
  if (at != sessions_.end() && at->second->caller == caller && !at->second->carrier->over()) return at->second;
  context_.log.error(Error{Code::session_token_refused,
                           at == sessions_.end() ? "a token of no session" : "a token of another caller's session",
                           "the caller's own"},
                     {{"run", run}, {"caller", text_of(caller)}});
  return nullptr;
}

bool Sessions::has(const stream::ResumeToken& token, const Caller& caller) const {
  const auto at = sessions_.find(token);
  return at != sessions_.end() && at->second->caller == caller && !at->second->carrier->over();
}

Task<Result<void>> Sessions::serve(std::shared_ptr<runtime::ByteStream> link, Caller caller, ids::CorrelationId run,
                                   stream::SessionOpen open) {
  if (on_elsewhere_ && open.resume_token && loop_of(*open.resume_token) != loop_) {
    auto visiting = on_elsewhere_(link, caller, run, open);
    auto visited = co_await std::move(visiting);
    if (visited) co_return std::move(*visited);
  }
  auto session = find(open, caller, run);
  const bool resumed = session != nullptr;
  if (!resumed) session = make(caller, run);
  session->peer = link->remote();
  if (resumed) {
    context_.log.event(Code::session_resumed, {{"run", run}, {"caller", text_of(caller)}, {"peer", session->peer}});
  }
  // A little sooner than the device would: it is the Server's Ping that has something to tell.
  const carrier::LinkTimes times{settings_.direct_link.ping * 5 / 6, std::chrono::milliseconds(1000), 3};
  const auto number = session->next_link++;
  const auto carrier = session->carrier;
  co_return co_await carrier->run_link(std::move(link), number, times, false, std::move(open), resumed);
}

Task<void> Sessions::serve_pne(std::shared_ptr<runtime::ByteStream> pipe, VerifiedPne who) {
  constexpr std::chrono::seconds kFirstMessage{10};
  constexpr std::size_t kMaxOpen = 65'536;
  Bytes message(4);
  std::size_t have = 0;
  bool sized = false;
  while (have < message.size()) {
    const auto room = std::span<std::uint8_t>(message).subspan(have);
    const auto got = co_await pipe->read_some(room, kFirstMessage);
    if (!got || *got == 0) co_return pipe->abort();
    have += *got;
    if (have < message.size() || std::exchange(sized, true)) continue;
    const auto size = (std::size_t{message[0]} << 24U) | (std::size_t{message[1]} << 16U) |
                      (std::size_t{message[2]} << 8U) | std::size_t{message[3]};
    if (size == 0 || size > kMaxOpen) co_return pipe->abort();
    message.resize(size);
    have = 0;
  }
  const Caller caller = who;
  const ids::CorrelationId run(context_.random.bytes<ids::CorrelationId::kSize>());
  auto frame = stream::parse_frame(message);
  auto* open = frame ? std::get_if<stream::SessionOpen>(&*frame) : nullptr;
  if (open == nullptr) {
    const auto error = frame ? Error{Code::link_message_not_expected, "another message", "SessionOpen"} : frame.error();
    context_.log.error(error, {{"run", run}, {"caller", text_of(caller)}});
    co_return pipe->abort();
  }
  auto ended = co_await serve(pipe, caller, run, std::move(*open));
  if (!ended && ended.error().error_class() == MessageClass::Peer) {
    context_.log.error(ended.error(), {{"run", run}, {"caller", text_of(caller)}});
  }
  pipe->finish_writing();
}

Task<void> Sessions::serve_stream(Sessions* self, SessionPtr session, std::shared_ptr<CarriedStream> stream,
                                  stream::StreamTarget target) {
  if (auto* relay = std::get_if<stream::RelayOpen>(&target)) {
    const auto* device = std::get_if<VerifiedDevice>(&session->caller);
    if (device == nullptr || !self->on_relay_) {
      stream->refuse(stream::ResetReason::Relay);
      co_return;
    }
    if (const auto checked = stream::check_at_server(relay->path); !checked) {
      self->context_.log.error(checked.error(), {{"run", session->run}, {"caller", text_of(session->caller)}});
      stream->refuse(stream::ResetReason::Relay);
      co_return;
    }
    stream->accept();
    auto via = *device;
    auto request = std::move(*relay);
    auto serving = self->on_relay_(stream, std::move(via), std::move(request));
    co_await std::move(serving);
    co_return;
  }
  auto& wanted = std::get<stream::ServiceTarget>(target);
  const auto at = self->settings_.services.find(wanted.name);
  const auto kind = wanted.protocol == stream::ServiceTarget::Protocol::Raw ? ServiceKind::Tcp : ServiceKind::Http;
  if (at == self->settings_.services.end() || at->second.kind != kind) {
    self->context_.log.error(Error{Code::service_unknown, wanted.name, "a [service.NAME] of server.toml, of that kind"},
                             {{"run", session->run}, {"caller", text_of(session->caller)}});
    stream->refuse(stream::ResetReason::ServiceUnknown);
    co_return;
  }
  if (kind == ServiceKind::Http) {
    co_await self->serve_http(session, stream);
  } else {
    co_await self->serve_raw(session, stream, std::move(wanted.name));
  }
}

Task<void> Sessions::serve_http(SessionPtr session, std::shared_ptr<CarriedStream> stream) {
  stream->accept();
  const auto http = std::make_shared<HttpConnection>(stream, session->caller, session->run, session->peer);
  co_await proxy_.serve(http);
  stream->finish_writing();
}

Task<void> Sessions::serve_raw(SessionPtr session, std::shared_ptr<CarriedStream> stream, std::string name) {
  const auto service = settings_.services.at(name);
  auto host = service.upstream.host();
  auto socket = co_await runtime::connect(std::move(host), service.upstream.port(), settings_.http.connect);
  if (!socket) {
    context_.log.error(Error{Code::upstream_unreachable, socket.error().got, name + " at " + service.upstream.text()},
                       {{"run", session->run}, {"caller", text_of(session->caller)}});
    stream->refuse(stream::ResetReason::ServiceRefused);
    co_return;
  }
  boost::system::error_code unknown;
  const auto there = socket->remote_endpoint(unknown);
  const auto upstream = std::make_shared<runtime::SocketStream>(std::move(*socket));
  if (service.proxy_protocol) {
    const auto header = proxy_header(session->caller, session->peer, unknown ? "" : runtime::text_of(there));
    auto written = co_await upstream->write(header);
    if (!written) {
      stream->refuse(stream::ResetReason::ServiceRefused);
      co_return;
    }
  }
  stream->accept();
  const runtime::SpliceLimits limits{settings_.http.tunnel_idle};
  const auto done = co_await runtime::splice(stream, upstream, limits);
  context_.log.event(Code::stream_served, {{"run", session->run},
                                           {"caller", text_of(session->caller)},
                                           {"service", name},
                                           {"bytes_up", done.there},
                                           {"bytes_down", done.back}});
}

void Sessions::end(const stream::ResumeToken& token) {
  const auto node = sessions_.extract(token);
  if (node.empty()) return;
  context_.log.event(Code::session_ended, {{"run", node.mapped()->run}, {"caller", text_of(node.mapped()->caller)}});
}

std::size_t Sessions::end_of(const ids::CmDeviceId& device) {
  std::vector<SessionPtr> found;
  for (const auto& [token, session] : sessions_) {
    if (device_of(session->caller) == device) found.push_back(session);
  }
  for (const auto& session : found) {
    session->carrier->abort();
    end(session->token);
  }
  return found.size();
}

std::size_t Sessions::end_of(const ids::PnGwId& gateway) {
  std::vector<SessionPtr> found;
  for (const auto& [token, session] : sessions_) {
    const auto* pne = std::get_if<VerifiedPne>(&session->caller);
    if (pne != nullptr && pne->pn_gw_id == gateway) found.push_back(session);
  }
  for (const auto& session : found) {
    session->carrier->abort();
    end(session->token);
  }
  return found.size();
}

std::size_t Sessions::pass_on(const ids::CmDeviceId& old_id, const ids::CmDeviceId& id) {
  std::size_t count = 0;
  for (const auto& [token, session] : sessions_) {
    if (auto* device = std::get_if<VerifiedDevice>(&session->caller); device && device->cm_device_id == old_id) {
      device->cm_device_id = id;
      ++count;
    } else if (auto* pne = std::get_if<VerifiedPne>(&session->caller); pne && pne->via == old_id) {
      pne->via = id;
      ++count;
    }
  }
  return count;
}

void Sessions::close_all() {
  for (const auto& [token, session] : std::map(sessions_)) session->carrier->close();
}

std::size_t Sessions::streams() const noexcept {
  std::size_t sum = 0;
  for (const auto& [token, session] : sessions_) sum += session->carrier->streams();
  return sum;
}

}  // namespace cpns::server
