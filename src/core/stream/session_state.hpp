#pragma once
// What a Session is made of; its rules are numbered in docs/streams.md. For the session_*.cpp files alone.

#include <deque>
#include <map>
#include <set>

#include "core/stream/receive_half.hpp"
#include "core/stream/send_half.hpp"
#include "core/stream/session.hpp"

namespace cpns::stream {

struct Session::Impl {
  struct Stream {
    Stream(StreamTarget wanted, std::size_t window) : target(std::move(wanted)), receive(window) {}
    StreamTarget target;
    SendHalf send;
    ReceiveHalf receive;
    bool open_due = false;        // Device: StreamOpen is to be sent
    bool open_sent = false;       // Device: the Server may know of it
    bool open_confirmed = false;  // Device: the Server knows of it
    bool accepted = false;        // the service has been reached
    bool accept_due = false;      // Server: StreamAccept is to be sent
    bool wants_write = false;     // write() had no room
    bool readable_said = false;   // a Readable event that has not led to a read yet
    bool in_control = false;
    bool in_ready = false;
    bool moved = false;  // since the last acknowledge()
  };
  struct Link {
    bool open = false;       // SessionAccept has been sent or received
    bool hello_due = false;  // Device: SessionOpen is to be sent
    bool hello_preferred = false;
    bool finishing = false;  // carries nothing more of ours but LinkDone
    bool done_sent = false;
    bool done_received = false;
    std::uint64_t number = 0;   // of its SessionOpen
    std::deque<Frame> control;  // of this link alone
  };
  struct Tombstone {
    ResetReason reason;
    bool due;
    bool sent = false;
  };
  using Streams = std::map<StreamId, Stream>;

  Impl(Side own_side, Limits own_limits, std::optional<ResumeToken> own_token, ids::CorrelationId own_run)
      : side(own_side), limits(own_limits), token(own_token), run(own_run), resume(own_limits.resume) {
    // The Server may hold twice as many for a moment, and lists them all.
    limits.streams = std::min(limits.streams, kMaxStreams / 2);
  }

  // session.cpp
  Streams::iterator add(StreamId id, StreamTarget target);
  void touch_control(StreamId id, Stream& stream);
  void touch_data(StreamId id, Stream& stream);
  void after_read(StreamId id, Stream& stream);
  void end(Streams::iterator at, std::optional<ResetReason> reason);
  void end_all(ResetReason reason);
  void end_if_complete(StreamId id);
  void finish_alone(StreamId id, Stream& stream);
  void bury(StreamId id, ResetReason reason);
  [[nodiscard]] std::size_t room(const Stream& stream) const noexcept;

  // session_links.cpp
  [[nodiscard]] std::optional<LinkNumber> active() const noexcept;
  [[nodiscard]] bool linked() const noexcept;
  [[nodiscard]] std::vector<StreamPosition> positions() const;
  [[nodiscard]] Result<void> take_positions(const std::vector<StreamPosition>& positions);
  void end_unlisted(const std::vector<StreamPosition>& positions);
  void open_unlisted(const std::vector<StreamPosition>& positions);
  void drop_link(LinkNumber link, bool lost);
  void choose_again(LinkNumber gone);
  void repeat_all();
  void stand_alone(LinkNumber link);

  // session_frames.cpp
  [[nodiscard]] Result<void> on(LinkNumber link, const SessionOpen& frame);
  [[nodiscard]] Result<void> on(LinkNumber link, const SessionAccept& frame);
  [[nodiscard]] Result<void> on(LinkNumber link, const SessionClose& frame);
  [[nodiscard]] Result<void> on(LinkNumber link, const StreamOpen& frame);
  [[nodiscard]] Result<void> on(LinkNumber link, const StreamAccept& frame);
  [[nodiscard]] Result<void> on(LinkNumber link, const StreamData& frame);
  [[nodiscard]] Result<void> on(LinkNumber link, const StreamAck& frame);
  [[nodiscard]] Result<void> on(LinkNumber link, const StreamReset& frame);
  [[nodiscard]] Result<void> on(LinkNumber link, const LinkPrefer& frame);
  [[nodiscard]] Result<void> on(LinkNumber link, const LinkDone& frame);
  [[nodiscard]] bool was_opened(StreamId id) const noexcept;
  void mark_opened(StreamId id);
  [[nodiscard]] Result<void> unknown(StreamId id, std::string_view frame);
  [[nodiscard]] Result<void> answer(StreamId id, ResetReason reason);
  void known_at_server(Stream& stream) noexcept { stream.open_confirmed = true; }

  // session_output.cpp
  [[nodiscard]] bool session_output() const noexcept;
  [[nodiscard]] bool may_say_hello(LinkNumber link) const noexcept;
  void say_hello(LinkNumber link, Bytes& out);
  void put(Bytes& out, const Frame& frame) const { append_frame(out, run, frame); }
  void take_control(Bytes& out);
  void take_data(LinkNumber link, std::size_t end, Bytes& out);

  Side side;
  Limits limits;
  std::optional<ResumeToken> token;
  ids::CorrelationId run;

  Streams streams;
  std::map<LinkNumber, Link> links;
  std::optional<LinkNumber> preferred;
  std::uint64_t prefer_number = 0;
  std::uint64_t open_number = 0;  // of the newest SessionOpen

  StreamId last_opened = 0;              // Device: given out. Server: all up to here have been opened
  std::set<StreamId> opened_early;       // Server: beyond last_opened, overtaken on another link
  std::map<StreamId, Tombstone> buried;  // reset by this side, not confirmed by the peer
  std::map<StreamId, ResetReason> answers;
  std::deque<StreamId> control;  // streams with open, accept or acknowledgement to send
  std::deque<StreamId> ready;    // streams with data to send, in turn
  std::vector<Event> events;

  std::uint64_t peer_window = 0;        // initial, of each new stream
  std::size_t peer_streams = SIZE_MAX;  // that the Server allows
  std::size_t held = 0;                 // bytes written and not acknowledged, of all streams
  std::size_t windows = 0;              // promised to the peer, of all streams
  Millis resume;
  std::optional<Millis> lost_since;
  bool lost_unstamped = false;  // without a link since a moment that on_time() will name
  bool closing = false;
  bool over = false;
};

[[nodiscard]] inline Error broken(std::string got, std::string expected) {
  return {Code::stream_rule_broken, std::move(got), std::move(expected)};
}

}  // namespace cpns::stream
