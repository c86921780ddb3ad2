#include "pngw/pan_service.hpp"

#include <algorithm>
#include <cstring>

#include "core/stream/relay_message.hpp"

namespace cpns::pngw {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

constexpr std::chrono::milliseconds kTick{200};

// Who holds a pairing code may know that it would close a circle; of everything else an Alert says nothing.
Bytes answer_to_refused_join(const Error& error) {
  const ids::CorrelationId nobody(std::array<std::uint8_t, ids::CorrelationId::kSize>{});
  if (error.code != Code::relay_loop && error.code != Code::relay_too_long) {
    return assign::encode_public(nobody, assign::Alert{});
  }
  const auto why = error.code == Code::relay_loop ? stream::JoinRefusal::Loop : stream::JoinRefusal::TooLong;
  return stream::encode_relay_message({nobody, stream::JoinReply{{}, why}});
}

}  // namespace

struct PanService::Visit {
  PanIdentity identity;
  std::shared_ptr<runtime::SecureLink> link;
  std::shared_ptr<Outbox> outbox;
  bool claimed = false;
  std::shared_ptr<PanRun> run{};
};

Result<std::unique_ptr<tls::EngineFactory>> pan_engines() {
  tls::PskServerProfile profile;
  profile.alpn = {std::string(kPanAlpn), std::string(kPanRelayAlpn)};
  return tls::make_psk_server_factory(std::move(profile));
}

PanService::PanService(RunContext context, std::shared_ptr<tls::EngineFactory> engines, PanRelay& relay,
                       PanLimits limits)
    : context_(std::move(context)),
      engines_(std::move(engines)),
      relay_(relay),
      limits_(limits),
      keys_(context_.executor, context_.pairings, context_.random, context_.log),
      run_ended_(std::make_shared<asio::steady_timer>(context_.executor, asio::steady_timer::time_point::max())),
      tick_timer_(context_.executor) {}

void PanService::start() { asio::co_spawn(context_.executor, tick(), runtime::unattended); }

void PanService::stop() {
  stopped_ = true;
  tick_timer_.cancel();
  run_ended_->cancel();
  for (const auto& link : half_open_) link->abort();
  relay_.stop();
  const auto open = open_;
  for (const auto& [id, visit] : open) visit->outbox->finish();
}

Task<void> PanService::tick() {
  boost::system::error_code ignored;
  while (!stopped_) {
    tick_timer_.expires_after(kTick);
    co_await tick_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto runs = runs_;  // a run that is over leaves the list
    for (const auto& [id, run] : runs) run->on_time();
  }
}

Task<void> PanService::serve(asio::ip::tcp::socket socket) {
  ++serving_;
  co_await serve_one(std::move(socket));
  --serving_;
}

Task<void> PanService::serve_one(asio::ip::tcp::socket socket) {
  auto engine = engines_->make();
  if (stopped_ || !engine) {
    if (!engine) context_.log.error(engine.error());
    co_return;
  }
  const auto link = std::make_shared<runtime::SecureLink>(std::move(socket), std::move(*engine));
  const auto identity = co_await shake_hands(link);
  if (!identity) {
    context_.log.error(identity.error(), {{"remote", link->remote()}, {"link", "pan"}});
    co_return;
  }
  const auto name = to_text(*identity);
  if (!stopped_ && identity->kind == PanIdentityKind::Pan && link->engine().alpn() == kPanRelayAlpn) {
    const auto peer = identity->pairing_id;
    const auto carried = co_await relay_.serve(link, peer);
    if (!carried) context_.log.error(carried.error(), {{"remote", link->remote()}, {"identity", name}});
    co_await link->shutdown();
    co_return;
  }
  const auto visit = std::make_shared<Visit>(Visit{*identity, link, std::make_shared<Outbox>(link)});
  if (stopped_ || (open_.size() >= limits_.open && !open_.contains(identity->pairing_id))) {
    context_.log.event(Code::too_many_pan_links, {{"remote", link->remote()}, {"identity", name}});
    visit->outbox->finish();
    co_return;
  }
  supersede(visit);
  context_.log.event(Code::pan_link_open, {{"remote", link->remote()}, {"identity", name}});
  const auto ended = co_await converse(visit);
  if (!ended) context_.log.error(ended.error(), {{"remote", link->remote()}, {"identity", name}});
  if (const auto run = std::exchange(visit->run, nullptr)) run->on_pan_link_lost();
  const auto mine = open_.find(identity->pairing_id);
  if (mine != open_.end() && mine->second == visit) open_.erase(mine);
  visit->outbox->finish();
  context_.log.event(Code::pan_link_closed, {{"remote", link->remote()}, {"identity", name}});
}

Task<Result<PanIdentity>> PanService::shake_hands(Link link) {
  if (half_open_.size() >= limits_.half_open) {
    context_.log.event(Code::pan_half_open_dropped, {{"remote", half_open_.front()->remote()}});
    half_open_.front()->abort();
    half_open_.pop_front();
  }
  half_open_.push_back(link);
  runtime::SecureLink::KeyLookup lookup = [this](std::string identity) { return keys_.find(std::move(identity)); };
  auto shaken = co_await link->handshake(limits_.handshake, std::move(lookup));
  half_open_.remove(link);
  if (!shaken) co_return std::move(shaken).error();
  const auto offered = link->engine().peer().psk_identity;
  const auto identity = parse_pan_identity(offered);
  // Can't be: such an identity had a random key. But whoever is let in is decided here, not by luck.
  if (!identity) co_return Error{Code::pan_identity_refused, "of another form", "pair- or pan- and 16 hex digits"};
  co_return *identity;
}

// A peer's newest link counts: a device that was cut off comes back before its old link is known to be dead.
void PanService::supersede(const std::shared_ptr<Visit>& visit) {
  const auto [at, first] = open_.try_emplace(visit->identity.pairing_id, visit);
  if (first) return;
  const auto old = std::exchange(at->second, visit);
  old->outbox->abort();
  if (const auto run = std::exchange(old->run, nullptr)) run->on_pan_link_lost();
}

// Messages of one link until it ends. An error is logged by the caller; the peer has got its Alert then.
Task<Result<void>> PanService::converse(std::shared_ptr<Visit> visit) {
  runtime::MessageLink messages(visit->link);
  auto idle = limits_.first_message;
  while (!stopped_) {
    const std::optional<std::chrono::milliseconds> limit = idle;
    auto raw = co_await messages.receive(limit);
    if (!raw) co_return std::move(raw).error();
    if (raw->empty()) break;
    idle = limits_.next_message;
    if (stream::is_relay_message(raw->view())) {
      const auto view = raw->view();
      auto joined = co_await on_join(visit, view);
      if (!joined) {
        visit->outbox->send(answer_to_refused_join(joined.error()));
        co_return joined;
      }
      continue;
    }
    auto message = assign::parse(raw->view());
    if (!message) {
      const ids::CorrelationId nobody(std::array<std::uint8_t, ids::CorrelationId::kSize>{});
      visit->outbox->send(assign::encode_public(nobody, assign::Alert{}));
      co_return std::move(message).error();
    }
    if (visit->run && visit->run->over()) visit->run.reset();
    if (visit->run) {
      const auto run = visit->run;
      run->on_device_message(std::move(*message));
      continue;
    }
    if (const auto* ping = std::get_if<assign::Ping>(&message->body)) {
      visit->outbox->send(assign::encode_public(message->correlation_id, assign::Pong{ping->payload}));
      continue;
    }
    const auto id = message->correlation_id;
    auto taken = co_await on_request(visit, &*message);
    if (!taken) {
      visit->outbox->send(assign::encode_public(id, assign::Alert{}));
      co_return std::move(taken).error();
    }
  }
  co_return Result<void>{};
}

// The message that opens a run. Nothing is done for it before the code is used up.
Task<Result<void>> PanService::on_request(std::shared_ptr<Visit> visit, assign::Message* request) {
  if (!std::holds_alternative<assign::ActivationRequest>(request->body)) {
    co_return Error{Code::pan_message_not_expected, std::string(assign::message_name(request->body)),
                    "ActivationRequest"};
  }
  if (context_.operator_link == nullptr) {
    co_return Error{Code::assignment_not_offered, "ActivationRequest", "JoinRequest"};
  }
  if (visit->identity.kind == PanIdentityKind::Pair && !visit->claimed) {
    auto name = std::get<assign::ActivationRequest>(request->body).device_name;
    std::optional<stream::NodeId> no_node;
    const auto claimed = co_await claim(visit, std::move(name), no_node);
    if (!claimed) co_return claimed;
  }
  // A run of this peer whose link was lost may still be seen through; this one then finds its credential.
  boost::system::error_code ignored;
  const auto peer = visit->identity.pairing_id;
  while (runs_.contains(peer) && !stopped_) {
    const auto ended = run_ended_;
    co_await ended->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  CPNS_CO_TRY(const auto waiting, context_.pairings.find_undelivered(peer));
  if (!waiting && !context_.operator_link->up()) co_await context_.operator_link->wait_until_up(limits_.operator_link);
  const auto current = open_.find(peer);
  if (stopped_ || current == open_.end() || current->second != visit) {
    co_return Error{Code::connection_lost, "a newer link of the same device", "the newest link"};
  }
  auto over = [this, peer] {
    runs_.erase(peer);
    run_ended_->cancel();
  };
  const auto run =
      std::make_shared<PanRun>(context_, peer, request->correlation_id, visit->outbox, std::function<void()>(over));
  runs_.emplace(peer, run);
  visit->run = run;
  auto begun = run->begin(std::move(*request));
  if (!begun) {
    runs_.erase(peer);
    run_ended_->cancel();
    visit->run.reset();
  }
  co_return begun;
}

// A PNE that asks for no key: the code is used up, and later PAN links are all that it gets. Where the pairing would
// close a circle, the code stays good [X10].
Task<Result<void>> PanService::on_join(std::shared_ptr<Visit> visit, ByteView raw) {
  auto message = stream::parse_relay_message(raw);
  if (!message) co_return std::move(message).error();
  const auto* join = std::get_if<stream::JoinRequest>(&message->body);
  if (join == nullptr || visit->run)
    co_return Error{Code::pan_message_not_expected, "a message of a relay", "JoinRequest"};
  auto path = relay_.path_for(*join);
  if (!path) co_return std::move(path).error();
  if (visit->identity.kind == PanIdentityKind::Pair && !visit->claimed) {
    auto name = join->device_name;
    std::optional<stream::NodeId> node = join->node_id;
    const auto claimed = co_await claim(visit, std::move(name), node);
    if (!claimed) co_return claimed;
  }
  context_.log.event(Code::pne_joined, {{"identity", to_text(visit->identity)}});
  const auto reply = stream::encode_relay_message({message->correlation_id, stream::JoinReply{std::move(*path)}});
  visit->outbox->send(ByteView(reply));
  co_return Result<void>{};
}

Task<Result<void>> PanService::claim(std::shared_ptr<Visit> visit, ids::DeviceName name,
                                     std::optional<stream::NodeId> node) {
  auto exported = visit->link->engine().exporter(kPanKeyLabel, secret::TlsPsk::kSize);
  if (!exported) co_return std::move(exported).error();
  auto pan_psk =
      secret::TlsPsk::make([&](auto to) { std::memcpy(to.data(), exported->view().data(), secret::TlsPsk::kSize); });
  store::PanPeer peer{visit->identity.pairing_id, std::move(name), std::move(pan_psk), context_.now().wall, node};
  auto claimed = co_await keys_.claim(std::move(peer));
  visit->claimed = claimed.ok();
  co_return claimed;
}

}  // namespace cpns::pngw
