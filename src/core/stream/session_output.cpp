// What leaves on a link: its own control, then that of streams, then data of the streams in turn.

#include "core/stream/session_state.hpp"

namespace cpns::stream {

// The first link of a session brings its token; a second one that asked before it would get a session of its own.
bool Session::Impl::may_say_hello(LinkNumber link) const noexcept {
  if (!links.at(link).hello_due) return false;
  if (token) return true;
  for (const auto& [number, other] : links) {
    if (number != link && !other.hello_due && !other.open) return false;
  }
  return true;
}

void Session::Impl::say_hello(LinkNumber number, Bytes& out) {
  auto& link = links.at(number);
  link.hello_due = false;
  link.number = ++open_number;
  const bool alone = links.size() == 1;
  put(out, SessionOpen{token, limits.initial_window, alone, link.hello_preferred, link.number, positions()});
}

bool Session::Impl::session_output() const noexcept {
  if (!control.empty() || !ready.empty() || !answers.empty()) return true;
  for (const auto& [id, tombstone] : buried) {
    if (tombstone.due) return true;
  }
  return false;
}

void Session::Impl::take_control(Bytes& out) {
  for (const auto& [id, reason] : answers) put(out, StreamReset{id, reason});
  answers.clear();
  for (auto& [id, tombstone] : buried) {
    if (!std::exchange(tombstone.due, false)) continue;
    tombstone.sent = true;
    put(out, StreamReset{id, tombstone.reason});
  }
  while (!control.empty()) {
    const auto id = control.front();
    control.pop_front();
    const auto at = streams.find(id);
    if (at == streams.end()) continue;
    auto& stream = at->second;
    stream.in_control = false;
    if (std::exchange(stream.open_due, false)) {
      stream.open_sent = true;
      put(out, StreamOpen{id, stream.target});
    }
    if (std::exchange(stream.accept_due, false)) put(out, StreamAccept{id});
    if (stream.receive.due()) put(out, stream.receive.acknowledge(id));
    end_if_complete(id);
  }
}

void Session::Impl::take_data(LinkNumber link, std::size_t end, Bytes& out) {
  while (!ready.empty() && out.size() < end) {
    const auto id = ready.front();
    ready.pop_front();
    const auto at = streams.find(id);
    if (at == streams.end()) continue;
    auto& stream = at->second;
    stream.in_ready = false;
    if (!stream.send.can_send()) continue;
    stream.moved = true;
    put(out, stream.send.take(id, link));
    touch_data(id, stream);
  }
}

void Session::take_output(LinkNumber number, std::size_t most, Bytes& out) {
  auto& s = *impl_;
  const auto at = s.links.find(number);
  if (at == s.links.end()) return;
  auto& link = at->second;
  const auto end = out.size() + most;
  if (s.may_say_hello(number)) s.say_hello(number, out);
  if (link.hello_due) return;
  while (!link.control.empty()) {
    s.put(out, link.control.front());
    link.control.pop_front();
  }
  if (!link.open) return;
  if (s.closing) {
    if (!std::exchange(s.over, true)) s.put(out, SessionClose{});
    return;
  }
  if (s.active() == number) {
    s.take_control(out);
    s.take_data(number, end, out);
  }
  if (link.finishing && !link.done_sent && (s.side == Side::Device || link.done_received)) {
    link.done_sent = true;
    s.put(out, LinkDone{});
  }
}

bool Session::has_output(LinkNumber number) const noexcept {
  const auto& s = *impl_;
  const auto at = s.links.find(number);
  if (at == s.links.end()) return false;
  const auto& link = at->second;
  if (link.hello_due) return s.may_say_hello(number);
  if (!link.control.empty()) return true;
  if (!link.open) return false;
  if (s.closing) return !s.over;
  if (link.finishing && !link.done_sent && (s.side == Side::Device || link.done_received)) return true;
  return s.active() == number && s.session_output();
}

}  // namespace cpns::stream
