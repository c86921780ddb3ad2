#include "core/stream/session.hpp"

#include <algorithm>

#include "core/stream/session_state.hpp"

namespace cpns::stream {

Session::Session(Side side, Limits limits, std::optional<ResumeToken> token, ids::CorrelationId run)
    : impl_(std::make_unique<Impl>(side, limits, token, run)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Session::Impl::Streams::iterator Session::Impl::add(StreamId id, StreamTarget target) {
  const auto at = streams.emplace(id, Stream(std::move(target), limits.initial_window)).first;
  windows += limits.initial_window;
  at->second.send.raise_limit(peer_window);
  return at;
}

void Session::Impl::touch_control(StreamId id, Stream& stream) {
  if (std::exchange(stream.in_control, true)) return;
  control.push_back(id);
}

void Session::Impl::touch_data(StreamId id, Stream& stream) {
  if (stream.in_ready || !stream.send.can_send()) return;
  stream.in_ready = true;
  ready.push_back(id);
}

void Session::Impl::end(Streams::iterator at, std::optional<ResetReason> reason) {
  held -= at->second.send.held();
  windows -= at->second.receive.window();
  events.emplace_back(Over{at->first, reason});
  streams.erase(at);
}

void Session::Impl::end_all(ResetReason reason) {
  while (!streams.empty()) end(streams.begin(), reason);
}

void Session::Impl::end_if_complete(StreamId id) {
  const auto at = streams.find(id);
  if (at == streams.end()) return;
  const auto& stream = at->second;
  // The peer waits for the acknowledgement of its end. Where that is lost, it asks, and is told that all is over.
  if (stream.send.all_acknowledged() && stream.receive.read_ended() && stream.receive.end_told()) end(at, {});
}

// The peer has had all of it, has forgotten it, and waits for nothing more; the reader may still have to read.
void Session::Impl::finish_alone(StreamId id, Stream& stream) {
  held -= stream.send.held();
  stream.send.abandon();
  (void)stream.receive.acknowledge(id);
  end_if_complete(id);
}

void Session::Impl::bury(StreamId id, ResetReason reason) { buried[id] = {reason, true}; }

std::size_t Session::Impl::room(const Stream& stream) const noexcept {
  const auto own = stream.send.held();
  const auto free = [](std::size_t most, std::size_t used) { return most > used ? most - used : 0; };
  return std::max(free(limits.initial_window, own), std::min(free(limits.window, own), free(limits.buffer, held)));
}

void Session::Impl::after_read(StreamId id, Stream& stream) {
  auto& receive = stream.receive;
  const auto window = receive.window();
  if (receive.earned_more() && window < limits.window) {
    const auto larger = std::min(window * 2, limits.window);
    if (windows - window + larger <= limits.buffer) {
      receive.set_window(larger);
      windows += larger - window;
    }
    receive.window_changed();
  }
  if (receive.due()) touch_control(id, stream);
}

Result<StreamId> Session::open(StreamTarget target) {
  auto& s = *impl_;
  if (s.over || s.closing) return Error{Code::session_is_over, "a session that has ended", "one that goes on"};
  const auto most = std::min(s.limits.streams, s.peer_streams);
  if (s.streams.size() + s.buried.size() >= most || s.last_opened == UINT32_MAX) {
    return Error{Code::too_many_streams, std::to_string(s.streams.size()), "fewer than " + std::to_string(most)};
  }
  const auto id = ++s.last_opened;
  auto& stream = s.add(id, std::move(target))->second;
  stream.open_due = true;
  s.touch_control(id, stream);
  return id;
}

void Session::accept(StreamId id) {
  const auto at = impl_->streams.find(id);
  if (at == impl_->streams.end()) return;
  at->second.accepted = at->second.accept_due = true;
  impl_->touch_control(id, at->second);
}

std::size_t Session::write(StreamId id, ByteView bytes) {
  auto& s = *impl_;
  const auto at = s.streams.find(id);
  if (at == s.streams.end() || at->second.send.finished()) return 0;
  auto& stream = at->second;
  const auto size = std::min(bytes.size(), s.room(stream));
  stream.send.write(bytes.first(size));
  s.held += size;
  stream.moved = true;
  if (size < bytes.size()) {
    stream.wants_write = true;
    // So little may be held that the peer still waits for more before it acknowledges.
    if (stream.send.held() < 2 * kAcknowledgeEvery) stream.send.ask();
  }
  s.touch_data(id, stream);
  return size;
}

std::size_t Session::writable(StreamId id) const noexcept {
  const auto at = impl_->streams.find(id);
  return at == impl_->streams.end() || at->second.send.finished() ? 0 : impl_->room(at->second);
}

void Session::finish(StreamId id) {
  const auto at = impl_->streams.find(id);
  if (at == impl_->streams.end()) return;
  at->second.send.finish();
  impl_->touch_data(id, at->second);
}

void Session::reset(StreamId id, ResetReason reason) {
  auto& s = *impl_;
  const auto at = s.streams.find(id);
  if (at == s.streams.end()) return;
  // The Server can't know of one whose StreamOpen never left.
  if (s.side == Side::Server || at->second.open_sent) s.bury(id, reason);
  s.held -= at->second.send.held();
  s.windows -= at->second.receive.window();
  s.streams.erase(at);
}

std::size_t Session::read(StreamId id, std::span<std::uint8_t> out) {
  auto& s = *impl_;
  const auto at = s.streams.find(id);
  if (at == s.streams.end()) return 0;
  auto& stream = at->second;
  const auto size = stream.receive.read(out);
  stream.moved = true;
  stream.readable_said = stream.receive.readable() > 0;
  s.after_read(id, stream);
  s.end_if_complete(id);
  return size;
}

std::size_t Session::readable(StreamId id) const noexcept {
  const auto at = impl_->streams.find(id);
  return at == impl_->streams.end() ? 0 : at->second.receive.readable();
}

bool Session::read_ended(StreamId id) const noexcept {
  const auto at = impl_->streams.find(id);
  return at == impl_->streams.end() || at->second.receive.read_ended();
}

std::size_t Session::streams() const noexcept { return impl_->streams.size(); }

bool Session::all_acknowledged() const noexcept {
  return std::all_of(impl_->streams.begin(), impl_->streams.end(),
                     [](const auto& one) { return one.second.send.nothing_unacknowledged(); });
}

void Session::close() {
  auto& s = *impl_;
  if (s.over || s.closing) return;
  s.closing = true;
  s.end_all(ResetReason::Cancelled);
  if (s.links.empty()) s.over = true;
}

bool Session::over() const noexcept { return impl_->over; }

void Session::on_time(Millis now) {
  auto& s = *impl_;
  if (std::exchange(s.lost_unstamped, false)) s.lost_since = now;
  if (s.over || !s.lost_since || now < *s.lost_since + s.resume) return;
  s.over = true;
  s.end_all(ResetReason::SessionLost);
  s.events.emplace_back(SessionOver{});
}

std::optional<Session::Millis> Session::deadline() const noexcept {
  if (impl_->over) return {};
  if (impl_->lost_unstamped) return Millis{0};
  if (!impl_->lost_since) return {};
  return *impl_->lost_since + impl_->resume;
}

std::vector<Event> Session::take_events() { return std::exchange(impl_->events, {}); }

bool Session::owes_acknowledgements() const noexcept {
  return std::any_of(impl_->streams.begin(), impl_->streams.end(),
                     [](const auto& one) { return one.second.receive.owes(); });
}

void Session::acknowledge() {
  for (auto& [id, stream] : impl_->streams) {
    if (stream.receive.owes()) {
      stream.receive.repeat();
      impl_->touch_control(id, stream);
    }
    if (!std::exchange(stream.moved, false)) {
      stream.send.release_memory();
      stream.receive.release_memory();
    }
  }
}

const std::optional<ResumeToken>& Session::token() const noexcept { return impl_->token; }

std::size_t Session::memory() const noexcept {
  std::size_t sum = 0;
  for (const auto& [id, stream] : impl_->streams) sum += stream.send.memory() + stream.receive.memory();
  return sum;
}

}  // namespace cpns::stream
