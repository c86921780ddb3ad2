// Frames of the peer. Nothing here trusts it: each rule that it can break is an error that names the rule.

#include "core/stream/session_state.hpp"

namespace cpns::stream {

namespace {

// Gaps and answers that an honest peer can make us hold.
constexpr std::size_t kMaxHeld = kMaxStreams;

}  // namespace

bool Session::Impl::was_opened(StreamId id) const noexcept { return id <= last_opened || opened_early.count(id) != 0; }

void Session::Impl::mark_opened(StreamId id) {
  opened_early.insert(id);
  // A gap that so many have overtaken is none any more: a new session goes on with the numbers of the one before.
  if (opened_early.size() > kMaxHeld) last_opened = *opened_early.begin() - 1;
  while (!opened_early.empty() && *opened_early.begin() == last_opened + 1) {
    opened_early.erase(opened_early.begin());
    ++last_opened;
  }
}

Result<void> Session::Impl::answer(StreamId id, ResetReason reason) {
  if (answers.size() >= kMaxHeld)
    return broken("more frames of ended streams than answers have left", "an honest peer");
  answers[id] = reason;
  return {};
}

// A frame of a stream that is not here: one that has ended, or one that never was.
Result<void> Session::Impl::unknown(StreamId id, std::string_view frame) {
  if (!was_opened(id)) {
    return broken(std::string(frame) + " of stream " + std::to_string(id), "a stream that has been opened");
  }
  if (buried.count(id) != 0) return {};  // the peer will hear of the reset, or has not yet
  return answer(id, ResetReason::Finished);
}

Result<void> Session::Impl::on(LinkNumber /*link*/, const SessionOpen& /*frame*/) {
  return broken("a second SessionOpen on one link", "one, as its first frame");
}

Result<void> Session::Impl::on(LinkNumber number, const SessionAccept& frame) {
  auto& link = links.at(number);
  if (side == Side::Server || link.open) return broken("SessionAccept", "it once on each link, from the Server");
  if (frame.resumed && token != frame.resume_token) return broken("another session, resumed", "the one asked for");
  const bool lost = token && !frame.resumed;
  if (lost) {
    // The Server has forgotten the session, or is another process: what it may have known of is gone.
    stand_alone(number);
    for (auto at = streams.begin(); at != streams.end();) {
      const auto here = at++;
      if (here->second.open_sent) end(here, ResetReason::SessionLost);
    }
    buried.clear();
    answers.clear();
  }
  links.at(number).open = true;
  token = frame.resume_token;
  peer_window = frame.initial_window;
  peer_streams = frame.max_streams;
  resume = std::min(limits.resume, Millis(std::chrono::seconds(frame.resume_seconds)));
  lost_since.reset();
  lost_unstamped = false;
  for (auto& [id, stream] : streams) {
    lost ? stream.send.restart_limit(peer_window) : stream.send.raise_limit(peer_window);
  }
  CPNS_CHECK(take_positions(frame.streams));
  repeat_all();
  open_unlisted(frame.streams);
  if (preferred && *preferred == number && links.size() > 1) {
    links.at(number).control.emplace_back(LinkPrefer{++prefer_number});
  }
  events.emplace_back(SessionReady{number, frame.resumed});
  return {};
}

Result<void> Session::Impl::on(LinkNumber /*link*/, const SessionClose& /*frame*/) {
  over = true;
  end_all(ResetReason::Cancelled);
  events.emplace_back(SessionOver{});
  return {};
}

Result<void> Session::Impl::on(LinkNumber /*link*/, const StreamOpen& frame) {
  if (side == Side::Device) return broken("StreamOpen", "it from the Device only");
  if (streams.count(frame.stream) != 0) return {};  // said again after a loss
  const auto tombstone = buried.find(frame.stream);
  if (tombstone != buried.end()) {
    tombstone->second.due = true;
    return {};
  }
  if (was_opened(frame.stream)) return answer(frame.stream, ResetReason::Finished);
  mark_opened(frame.stream);
  // The Device counts a stream out when all of it is acknowledged, this side when all of it was read: the same number
  // again may be on its way out here.
  if (streams.size() >= 2 * limits.streams) {
    if (buried.size() >= kMaxHeld) return broken("streams beyond the limit, again and again", "an honest peer");
    bury(frame.stream, ResetReason::Limit);
    return {};
  }
  add(frame.stream, frame.target);
  events.emplace_back(Opened{frame.stream, frame.target});
  return {};
}

Result<void> Session::Impl::on(LinkNumber /*link*/, const StreamAccept& frame) {
  if (side == Side::Server) return broken("StreamAccept", "it from the Server only");
  const auto at = streams.find(frame.stream);
  if (at == streams.end()) return unknown(frame.stream, "StreamAccept");
  known_at_server(at->second);
  if (!std::exchange(at->second.accepted, true)) events.emplace_back(Accepted{frame.stream});
  return {};
}

Result<void> Session::Impl::on(LinkNumber link, const StreamData& frame) {
  const auto at = streams.find(frame.stream);
  if (at == streams.end()) return unknown(frame.stream, "StreamData");
  auto& stream = at->second;
  if (side == Side::Device && !stream.accepted) {
    CPNS_CHECK(on(link, StreamAccept{frame.stream}));  // it was overtaken: the Server sends nothing before it
  }
  const auto before = stream.receive.received();
  CPNS_CHECK(stream.receive.accept(frame));
  stream.moved = true;
  if (frame.data.empty()) stream.receive.repeat();  // it asks where this side stands
  if (stream.receive.due()) touch_control(frame.stream, stream);
  const bool more = stream.receive.received() != before || stream.receive.ended();
  if (more && !std::exchange(stream.readable_said, true)) events.emplace_back(Readable{frame.stream});
  return {};
}

Result<void> Session::Impl::on(LinkNumber /*link*/, const StreamAck& frame) {
  const auto at = streams.find(frame.stream);
  if (at == streams.end()) {
    // Acknowledgements of what is over are common and need no answer.
    return was_opened(frame.stream) ? Result<void>{} : unknown(frame.stream, "StreamAck");
  }
  auto& stream = at->second;
  known_at_server(stream);
  const auto before = stream.send.held();
  CPNS_CHECK(stream.send.acknowledge(frame.received, frame.end_received));
  held -= before - stream.send.held();
  stream.send.raise_limit(frame.limit);
  stream.moved = true;
  touch_data(frame.stream, stream);
  if (stream.wants_write && room(stream) > 0) {
    stream.wants_write = false;
    events.emplace_back(Writable{frame.stream});
  }
  end_if_complete(frame.stream);
  return {};
}

Result<void> Session::Impl::on(LinkNumber /*link*/, const StreamReset& frame) {
  const auto id = frame.stream;
  const auto at = streams.find(id);
  const auto tombstone = buried.find(id);
  if (frame.reason == ResetReason::Confirmed || frame.reason == ResetReason::Finished) {
    if (tombstone != buried.end()) buried.erase(tombstone);
    if (frame.reason == ResetReason::Confirmed || at == streams.end()) return {};
    auto& stream = at->second;
    if (!stream.receive.ended() || !stream.send.finished()) {
      end(at, ResetReason::Cancelled);  // only a peer that contradicts itself gets here
      return {};
    }
    finish_alone(id, stream);
    return {};
  }
  if (!was_opened(id)) {
    if (side == Side::Device) return unknown(id, "StreamReset");
    mark_opened(id);  // its StreamOpen was overtaken: it must not open it now
  }
  if (tombstone != buried.end()) {
    const bool sent = tombstone->second.sent;
    buried.erase(tombstone);
    if (sent) return {};  // the two have crossed: each is the other's confirmation
  }
  if (at != streams.end()) end(at, frame.reason);
  return answer(id, ResetReason::Confirmed);
}

Result<void> Session::Impl::on(LinkNumber number, const LinkPrefer& frame) {
  if (side == Side::Device) return broken("LinkPrefer", "it from the Device only");
  if (frame.number <= prefer_number) return {};
  prefer_number = frame.number;
  preferred = number;
  return {};
}

Result<void> Session::Impl::on(LinkNumber number, const LinkDone& /*frame*/) {
  auto& link = links.at(number);
  if (std::exchange(link.done_received, true)) return broken("LinkDone again", "it once");
  if (side == Side::Server) {
    link.finishing = true;
    choose_again(number);
    return {};
  }
  if (!link.done_sent) return broken("LinkDone", "it as the answer to the Device's");
  drop_link(number, false);
  lost_unstamped = !linked() && !lost_since;
  events.emplace_back(LinkOver{number});
  return {};
}

Result<void> Session::on_frame(LinkNumber number, const Frame& frame) {
  auto& s = *impl_;
  const auto at = s.links.find(number);
  if (at == s.links.end() || s.over) return {};  // of a link that this side has given up
  if (!at->second.open && !std::holds_alternative<SessionAccept>(frame)) {
    return broken(std::string(frame_name(frame)), "SessionAccept first");
  }
  if (at->second.done_received) return broken(std::string(frame_name(frame)), "nothing after LinkDone");
  return std::visit([&](const auto& one) { return s.on(number, one); }, frame);
}

}  // namespace cpns::stream
