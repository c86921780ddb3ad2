#include "device/link_keeper.hpp"

#include "core/assign/return_within.hpp"
#include "device/relay_link.hpp"
#include "pngw/node_id.hpp"

namespace cpns::device {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

// Without the file this device is reached as ever; a circle is then seen when it is used, not when it is made.
stream::NodeId node_id_or_random(const Context& context) {
  const auto kept = pngw::keep_node_id(context.folder.node_id(), context.random);
  if (kept) return *kept;
  context.log.error(kept.error());
  return stream::NodeId(context.random.bytes<stream::NodeId::kSize>());
}

}  // namespace

struct LinkKeeper::Link {
  Way way{};
  stream::LinkNumber number = 0;
  bool given_up = false;
  bool up = false;
  bool replaced = false;                         // another one has taken its place: its end is no news
  std::optional<stream::LinkNumber> replaces{};  // it takes the place of that one when it is up
  std::chrono::steady_clock::time_point since;
  std::shared_ptr<runtime::ByteStream> pipe;    // through the PN GW
  std::shared_ptr<runtime::SecureLink> secure;  // the device's own TLS; none for a PNE without a key
  std::optional<DirectLink> direct;
  std::optional<assign::LinkSession> signalling;
  std::vector<stream::NodeId> path;
  std::optional<asio::steady_timer> ready_limit;  // for the Server's SessionAccept

  void abort() {
    given_up = true;
    if (secure) secure->abort();
    if (pipe) pipe->abort();
  }
};

LinkKeeper::LinkKeeper(asio::any_io_executor executor, const Context& context, LinkLimits limits, Events events)
    : context_(context),
      parts_(std::make_shared<Parts>(Parts{std::move(executor), context, limits, node_id_or_random(context)})),
      events_(std::move(events)) {}

// Attempts may still be under way: they find nobody to tell.
LinkKeeper::~LinkKeeper() {
  parts_->alive = false;
  for (const auto& [number, link] : links_) link->abort();
}

std::shared_ptr<carrier::Carrier> LinkKeeper::session() {
  if (session_ && !session_->over()) return session_;
  carrier::Carrier::Hooks hooks;
  hooks.on_message = [this](stream::LinkNumber number, const assign::Message& message) { on_message(number, message); };
  hooks.on_answer = [this](stream::LinkNumber number) {
    const auto at = links_.find(number);
    if (at != links_.end() && at->second->up && events_.on_answer) events_.on_answer(at->second->way);
  };
  hooks.on_ping = [this](stream::LinkNumber number, ByteView payload) { on_ping(number, payload); };
  hooks.on_ready = [this](stream::LinkNumber number, bool resumed) { on_ready(number, resumed); };
  const ids::CorrelationId fresh(context_.random.bytes<ids::CorrelationId::kSize>());
  session_ =
      std::make_shared<carrier::Carrier>(parts_->executor, stream::Side::Device, parts_->limits.session, std::nullopt,
                                         context_.folder.load_run_id(fresh), std::move(hooks), context_.log);
  return session_;
}

LinkKeeper::LinkPtr LinkKeeper::find(Way way) const {
  // The newest: an older one may be on its way out. One that is to take another's place counts once it has done so.
  LinkPtr found;
  for (const auto& [number, link] : links_) {
    if (link->way == way && !link->given_up && !link->replaces) found = link;
  }
  return found;
}

bool LinkKeeper::busy(Way way) const noexcept { return find(way) != nullptr; }

std::optional<LinkKeeper::LinkStatus> LinkKeeper::up(Way way) const {
  const auto link = find(way);
  if (!link || !link->up) return {};
  return LinkStatus{link->since, session_ ? session_->round_trip(link->number) : std::nullopt};
}

std::size_t LinkKeeper::streams() const noexcept { return session_ ? session_->streams() : 0; }

std::vector<stream::NodeId> LinkKeeper::path() const {
  const auto link = preferred_ ? find(*preferred_) : nullptr;
  return link ? link->path : std::vector<stream::NodeId>{};
}

void LinkKeeper::open(Way way) {
  if (stopped_ || busy(way)) return;
  const auto link = std::make_shared<Link>();
  link->way = way;
  link->number = next_number_++;
  links_.emplace(link->number, link);
  asio::co_spawn(parts_->executor, drive(this, parts_, link), runtime::unattended);
}

void LinkKeeper::refresh() {
  if (stopped_) return;
  for (const auto way : {Way::Direct, Way::Gateway}) {
    const auto old = find(way);
    if (!old || !old->up) continue;
    const auto link = std::make_shared<Link>();
    link->way = way;
    link->number = next_number_++;
    link->replaces = old->number;
    links_.emplace(link->number, link);
    asio::co_spawn(parts_->executor, drive(this, parts_, link), runtime::unattended);
  }
}

void LinkKeeper::take_place(const LinkPtr& link) {
  const auto old = links_.find(*link->replaces);  // it is there: see give_up_replacement
  link->replaces.reset();
  if (preferred_ == link->way) session()->prefer(link->number);
  old->second->replaced = true;
  old->second->given_up = true;
  session()->finish_link(old->first);
}

void LinkKeeper::prefer(Way way) {
  const auto link = find(way);
  if (!link || !link->up) return;
  preferred_ = way;
  session()->prefer(link->number);
}

void LinkKeeper::finish(Way way) {
  const auto link = find(way);
  if (!link) return;
  if (!link->up) return link->abort();
  // From now on `find` does not see it: another attempt of this way may begin while its last bytes are under way.
  link->given_up = true;
  give_up_replacement(link->number);
  session()->finish_link(link->number);
}

void LinkKeeper::probe(Way way) {
  const auto link = find(way);
  if (link && link->up) session()->ask(link->number);
}

void LinkKeeper::abort(Way way) {
  const auto link = find(way);
  if (!link) return;
  link->abort();
  give_up_replacement(link->number);
  if (link->up) session()->abort_link(link->number);
}

// Whoever decides which links there are knows nothing of it: without the one whose place it was to take it must not
// come up.
void LinkKeeper::give_up_replacement(stream::LinkNumber of) {
  for (const auto& [number, link] : links_) {
    if (link->replaces == of) link->abort();
  }
}

void LinkKeeper::stop() {
  stopped_ = true;
  for (const auto& [number, link] : links_) {
    if (!link->up) link->abort();
  }
  if (session_) session_->close();
}

Task<LinkKeeper::Opened> LinkKeeper::greet(std::shared_ptr<const Parts> parts, LinkPtr link, DirectLink direct) {
  link->secure = direct.link;
  link->direct = direct;
  auto greeted = co_await exchange_link_hello(parts->context, std::move(direct), parts->limits.hello);
  if (!greeted) co_return std::move(greeted).error();
  link->signalling.emplace(std::move(*greeted));
  parts->context.log.event(Code::direct_link_ready,
                           {{"run", link->direct->run}, {"cm_device_id", link->direct->cm_device_id}});
  std::shared_ptr<runtime::ByteStream> stream = std::make_shared<runtime::LinkStream>(link->secure);
  co_return stream;
}

Task<LinkKeeper::Opened> LinkKeeper::reach_through_gateway(std::shared_ptr<const Parts> parts, LinkPtr link) {
  const auto& context = parts->context;
  CPNS_CO_TRY(const auto record, context.store.load());
  const auto kind = record.credential ? stream::RelayOpen::Kind::EndToEnd : stream::RelayOpen::Kind::Pne;
  auto relay = co_await open_relay(context, parts->node_id, kind, parts->limits.dial);
  if (!relay) co_return std::move(relay).error();
  link->pipe = relay->pipe;
  link->path = std::move(relay->path);
  if (kind == stream::RelayOpen::Kind::Pne) co_return link->pipe;
  auto transport = runtime::over_stream(link->pipe);
  auto direct = co_await open_direct_link_over(context, std::move(transport), kSignallingAlpn, parts->limits.dial);
  if (!direct) co_return std::move(direct).error();
  co_return co_await greet(parts, link, std::move(*direct));
}

Task<LinkKeeper::Opened> LinkKeeper::reach(std::shared_ptr<const Parts> parts, LinkPtr link) {
  if (link->way == Way::Gateway) co_return co_await reach_through_gateway(parts, link);
  auto direct = co_await open_direct_link(parts->context, kSignallingAlpn, parts->limits.dial);
  if (!direct) co_return std::move(direct).error();
  co_return co_await greet(parts, link, std::move(*direct));
}

Task<void> LinkKeeper::drive(LinkKeeper* self, std::shared_ptr<const Parts> parts, LinkPtr link) {
  auto reached = co_await reach(parts, link);
  Result<void> ended;
  if (!parts->alive) {
    if (reached) (*reached)->abort();
    co_return;
  }
  if (!reached) {
    ended = std::move(reached).error();
  } else if (link->given_up) {
    (*reached)->abort();
    ended = Error{Code::connection_lost, "an attempt that was given up"};
  } else {
    const auto session = self->session();
    const bool first = session->links() == 0;
    if (first) self->preferred_ = link->way;
    const auto times = parts->limits.times;
    link->ready_limit.emplace(parts->executor, parts->limits.hello);
    link->ready_limit->async_wait([weak = std::weak_ptr<Link>(link)](const boost::system::error_code& cancelled) {
      if (const auto late = weak.lock(); late && !cancelled) late->abort();
    });
    ended = co_await session->run_link(*reached, link->number, times, first);
  }
  if (link->secure) co_await link->secure->shutdown();
  if (link->pipe) link->pipe->abort();
  if (!parts->alive) co_return;
  self->links_.erase(link->number);
  self->give_up_replacement(link->number);
  if (link->replaced || (link->replaces && !link->up)) {
    // Nobody knew of the one, and the other's place is taken.
  } else if (link->up) {
    if (self->events_.on_ended) self->events_.on_ended(link->way, ended);
  } else if (!self->stopped_ && self->events_.on_failed) {
    const auto& error = ended ? Error{Code::connection_lost, "the session's end"} : ended.error();
    self->events_.on_failed(link->way, error);
  }
}

void LinkKeeper::on_ready(stream::LinkNumber number, bool resumed) {
  const auto at = links_.find(number);
  if (at == links_.end()) return;
  const auto link = at->second;
  if (link->given_up) return;  // while SessionAccept was under way; its end follows
  link->up = true;
  link->since = std::chrono::steady_clock::now();
  if (link->ready_limit) link->ready_limit->cancel();
  if (link->replaces) return take_place(link);
  if (events_.on_up) events_.on_up(link->way, resumed);
}

// Of a Server that has proved its key; behind a link without TLS of its own a PN GW may say it.
void LinkKeeper::on_ping(stream::LinkNumber number, ByteView payload) {
  const auto within = assign::return_within_of(payload);
  const auto at = links_.find(number);
  if (within && at != links_.end() && at->second->secure && events_.on_return_within) events_.on_return_within(*within);
}

void LinkKeeper::on_message(stream::LinkNumber number, const assign::Message& message) {
  const auto at = links_.find(number);
  if (at == links_.end() || !at->second->signalling) return;
  const auto link = at->second;
  if (std::holds_alternative<assign::ActivationInvite>(message.body) && events_.on_invited) events_.on_invited();
  for (const auto& answer : on_signalling(context_, *link->signalling, *link->direct, message)) {
    session()->send(number, ByteView(answer));
  }
}

Task<LinkKeeper::Opened> LinkKeeper::open(stream::StreamTarget target) {
  auto opened = session()->open(std::move(target));
  if (!opened) co_return std::move(opened).error();
  const auto stream = *opened;
  asio::steady_timer patience(parts_->executor, parts_->limits.open_stream);
  patience.async_wait([weak = std::weak_ptr<runtime::ByteStream>(stream)](const boost::system::error_code& cancelled) {
    if (const auto waiting = weak.lock(); waiting && !cancelled) waiting->abort();
  });
  auto accepted = co_await stream->accepted();
  if (!accepted) co_return std::move(accepted).error();
  std::shared_ptr<runtime::ByteStream> made = stream;
  co_return made;
}

}  // namespace cpns::device
