// Links of a session: they come, are preferred, are lost or closed; what they carried is sent again or not [X5, X6].

#include <algorithm>

#include "core/stream/session_state.hpp"

namespace cpns::stream {

namespace {

// More than a device that changes networks often has under way at once.
constexpr std::size_t kMaxLinks = 8;

bool lists(const std::vector<StreamPosition>& positions, StreamId id) {
  return std::any_of(positions.begin(), positions.end(),
                     [id](const StreamPosition& position) { return position.stream == id; });
}

}  // namespace

std::optional<LinkNumber> Session::Impl::active() const noexcept {
  const auto usable = [](const Link& link) { return link.open && !link.finishing; };
  if (preferred) {
    const auto at = links.find(*preferred);
    if (at != links.end() && usable(at->second)) return preferred;
  }
  for (auto at = links.rbegin(); at != links.rend(); ++at) {
    if (usable(at->second)) return at->first;
  }
  return {};
}

bool Session::Impl::linked() const noexcept {
  return std::any_of(links.begin(), links.end(), [](const auto& one) { return one.second.open; });
}

std::vector<StreamPosition> Session::Impl::positions() const {
  std::vector<StreamPosition> made;
  made.reserve(streams.size());
  for (const auto& [id, stream] : streams) made.push_back({id, stream.receive.received(), stream.receive.ended()});
  return made;
}

Result<void> Session::Impl::take_positions(const std::vector<StreamPosition>& listed) {
  for (const auto& position : listed) {
    const auto at = streams.find(position.stream);
    if (at == streams.end()) {
      // Not opened yet: the Device opens it when it sees that it is not on the Server's list.
      if (!was_opened(position.stream)) {
        if (side == Side::Device) return unknown(position.stream, "a position");
        continue;
      }
      CPNS_CHECK(unknown(position.stream, "a position"));
      continue;
    }
    auto& stream = at->second;
    known_at_server(stream);
    const auto before = stream.send.held();
    CPNS_CHECK(stream.send.acknowledge(position.received, position.ended));
    held -= before - stream.send.held();
    if (stream.wants_write && room(stream) > 0) {
      stream.wants_write = false;
      events.emplace_back(Writable{position.stream});
    }
  }
  return {};
}

// What the Server does not list has not reached it, or is over there: it says which when it is asked again.
void Session::Impl::open_unlisted(const std::vector<StreamPosition>& listed) {
  for (auto& [id, stream] : streams) {
    if (!lists(listed, id)) stream.open_due = true;
  }
}

// What the peer does not list, and has no link left to list on: it has had all of it, or has given it up.
void Session::Impl::end_unlisted(const std::vector<StreamPosition>& listed) {
  for (auto at = streams.begin(); at != streams.end();) {
    const auto here = at++;
    if (lists(listed, here->first)) continue;
    if (here->second.receive.ended() && here->second.send.finished()) {
      finish_alone(here->first, here->second);
    } else {
      end(here, ResetReason::Cancelled);
    }
  }
}

// After a loss neither side knows what of this has arrived; each of it may come twice.
void Session::Impl::repeat_all() {
  for (auto& [id, stream] : streams) {
    if (side == Side::Device && !stream.open_confirmed) stream.open_due = true;
    if (side == Side::Server && stream.accepted) stream.accept_due = true;
    stream.receive.repeat();
    touch_control(id, stream);
    touch_data(id, stream);
  }
  for (auto& [id, tombstone] : buried) tombstone.due = true;
}

void Session::Impl::choose_again(LinkNumber gone) {
  if (preferred != gone) return;
  preferred.reset();
  const auto next = active();
  if (side == Side::Server || !next) return;
  preferred = next;
  links.at(*next).control.emplace_back(LinkPrefer{++prefer_number});
}

void Session::Impl::drop_link(LinkNumber link, bool lost) {
  if (links.erase(link) == 0) return;
  for (auto& [id, stream] : streams) {
    const auto before = stream.send.held();
    lost ? stream.send.lose(link) : stream.send.forget(link);
    // The answer to what another link carried may be lost too, and a peer that has forgotten the stream is silent.
    if (lost) stream.send.ask();
    held -= before - stream.send.held();
  }
  if (lost) repeat_all();
  choose_again(link);
  if (links.empty() && closing) over = true;
}

// No older link lives: the peer says so, or is another process.
void Session::Impl::stand_alone(LinkNumber link) {
  std::vector<LinkNumber> others;
  for (const auto& [number, other] : links) {
    if (number != link && other.number < links.at(link).number) others.push_back(number);
  }
  for (const auto number : others) {
    drop_link(number, true);
    events.emplace_back(LinkOver{number});
  }
}

void Session::attach(LinkNumber number, bool preferred) {
  auto& s = *impl_;
  if (s.over) return;
  auto& link = s.links[number];
  link.hello_due = true;
  link.hello_preferred = preferred;
  if (preferred) s.preferred = number;
}

Result<void> Session::accept(LinkNumber number, const SessionOpen& open, bool resumed) {
  auto& s = *impl_;
  if (s.over) return Error{Code::session_is_over, "a session that has ended", "one that goes on"};
  if (s.links.count(number) == 0 && s.links.size() >= kMaxLinks) {
    return broken("one more link", "at most " + std::to_string(kMaxLinks) + " of one session");
  }
  auto& link = s.links[number];
  link.open = true;
  link.number = open.number;
  s.lost_since.reset();
  s.lost_unstamped = false;
  if (open.alone) s.stand_alone(number);
  s.peer_window = open.initial_window;
  for (auto& [id, stream] : s.streams) stream.send.raise_limit(s.peer_window);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(s.limits.resume).count();
  s.links.at(number).control.emplace_back(SessionAccept{*s.token, resumed, s.limits.initial_window,
                                                        static_cast<std::uint32_t>(s.limits.streams),
                                                        static_cast<std::uint32_t>(seconds), s.positions()});
  CPNS_CHECK(s.take_positions(open.streams));
  // One that was overtaken by a newer one knows nothing of what has been opened since.
  if (open.alone && open.number > s.open_number) s.end_unlisted(open.streams);
  s.open_number = std::max(s.open_number, open.number);
  // Likewise it does not know which link is preferred now.
  if ((open.preferred && open.number == s.open_number) || !s.preferred) s.preferred = number;
  s.repeat_all();
  return {};
}

void Session::detach(LinkNumber link, Millis now) {
  auto& s = *impl_;
  s.drop_link(link, true);
  if (!s.linked() && !s.lost_since) s.lost_since = now;
}

void Session::close_link(LinkNumber link, Millis now) {
  auto& s = *impl_;
  const auto at = s.links.find(link);
  const bool in_order = at != s.links.end() && at->second.done_received && at->second.done_sent;
  s.drop_link(link, !in_order);
  if (!s.linked() && !s.lost_since) s.lost_since = now;
}

void Session::prefer(LinkNumber number) {
  auto& s = *impl_;
  const auto at = s.links.find(number);
  if (s.side == Side::Server || at == s.links.end() || s.preferred == number || at->second.finishing) return;
  s.preferred = number;
  at->second.control.emplace_back(LinkPrefer{++s.prefer_number});
  // A StreamOpen on its way over the other link could be overtaken by its data.
  for (auto& [id, stream] : s.streams) {
    if (stream.open_confirmed) continue;
    stream.open_due = true;
    s.touch_control(id, stream);
  }
}

void Session::finish_link(LinkNumber number) {
  const auto at = impl_->links.find(number);
  if (at == impl_->links.end()) return;
  at->second.finishing = true;
  impl_->choose_again(number);
  for (auto& [id, stream] : impl_->streams) {
    if (stream.open_confirmed || impl_->side == Side::Server) continue;
    stream.open_due = true;
    impl_->touch_control(id, stream);
  }
}

std::size_t Session::links() const noexcept { return impl_->links.size(); }

}  // namespace cpns::stream
