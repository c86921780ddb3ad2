#pragma once
// One session: numbered streams that outlive links [docs/streams.md]. Pure: frames and events in, frames and events
// out; time comes in as an argument. Byte for byte and in order whatever links do, or a clear reset.
//
// Not thread-safe, one owner. Memory is bounded by Limits, whatever the peer sends.

#include <chrono>
#include <memory>

#include "core/stream/frame.hpp"

namespace cpns::stream {

enum class Side : std::uint8_t { Device, Server };
using LinkNumber = std::uint32_t;  ///< the caller's number of a link, unique within the session

struct Limits {
  std::size_t streams = 128;                           ///< open at once
  std::size_t initial_window = std::size_t{64} << 10;  ///< what a stream may carry before anything was read
  std::size_t window = std::size_t{1} << 20;   ///< replay window of a stream, each way; grown into from initial_window
  std::size_t buffer = std::size_t{16} << 20;  ///< of all streams together, each way; each still gets initial_window
  std::chrono::milliseconds resume{120'000};   ///< how long a session waits for a link
};

/// What the caller has to know or do. In order.
struct Opened {  ///< Server: the device wants this stream; answer with accept() or reset()
  StreamId stream;
  StreamTarget target;
};
struct Accepted {  ///< Device: the Server has reached the service
  StreamId stream;
};
struct Readable {  ///< read() gives bytes, or the end
  StreamId stream;
};
struct Writable {  ///< write() takes bytes again
  StreamId stream;
};
struct Over {  ///< the stream is gone: both directions ended (no reason), or a reset, or the session was lost
  StreamId stream;
  std::optional<ResetReason> reason;
};
struct LinkOver {  ///< Device: both sides have said LinkDone: close it, nothing is lost
  LinkNumber link;
};
struct SessionReady {  ///< Device: SessionAccept is here; `resumed` false where streams of before are lost
  LinkNumber link;
  bool resumed;
};
struct SessionOver {};  ///< closed in order by the peer, or expired
using Event = std::variant<Opened, Accepted, Readable, Writable, Over, LinkOver, SessionReady, SessionOver>;

class Session {
 public:
  using Millis = std::chrono::milliseconds;  ///< of a clock that never jumps

  /// Device: `token` none. Server: the token it gives out.
  Session(Side side, Limits limits, std::optional<ResumeToken> token, ids::CorrelationId run);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Links -------------------------------------------------------------------------------------------------------
  /// Device: puts SessionOpen into this link's output. `preferred` may be given for one link at a time.
  void attach(LinkNumber link, bool preferred);
  /// Server: after the caller has found this session by the token of `open` (or made it): positions are taken over
  /// and SessionAccept goes into the link's output. `resumed` says whether the session was there before.
  [[nodiscard]] Result<void> accept(LinkNumber link, const SessionOpen& open, bool resumed);
  /// The link is gone without LinkDone: what it carried unacknowledged is sent again over another one.
  void detach(LinkNumber link, Millis now);
  /// The peer has closed the link in order, after LinkDone both ways: all that it carried has arrived.
  void close_link(LinkNumber link, Millis now);
  /// Device: data goes over this link from now on, both ways.
  void prefer(LinkNumber link);
  /// Device: this link is to be closed in order; LinkOver follows.
  void finish_link(LinkNumber link);
  [[nodiscard]] std::size_t links() const noexcept;

  /// A frame from the peer. Fails where the peer breaks the rules of this layer; the link is then to be aborted, and
  /// the session lives on.
  [[nodiscard]] Result<void> on_frame(LinkNumber link, const Frame& frame);
  /// Appends whole frames with their length, at most about `most` bytes; nothing where there is nothing to send.
  /// Control first, then data of the streams in turn. Whatever was appended counts as sent over this link.
  void take_output(LinkNumber link, std::size_t most, Bytes& out);
  [[nodiscard]] bool has_output(LinkNumber link) const noexcept;

  // Streams -----------------------------------------------------------------------------------------------------
  /// Device. Works without a link too. Fails with `too_many_streams` or `session_over`.
  [[nodiscard]] Result<StreamId> open(StreamTarget target);
  /// Server: the service has been reached.
  void accept(StreamId stream);
  /// Takes as much as the window has room for; returns how much. After 0 a Writable event comes.
  [[nodiscard]] std::size_t write(StreamId stream, ByteView bytes);
  [[nodiscard]] std::size_t writable(StreamId stream) const noexcept;
  /// This side writes no more; the other direction stays.
  void finish(StreamId stream);
  void reset(StreamId stream, ResetReason reason);
  /// Bytes that are here, in order; gives them room again. 0: nothing yet, or the end (read_ended).
  [[nodiscard]] std::size_t read(StreamId stream, std::span<std::uint8_t> out);
  [[nodiscard]] std::size_t readable(StreamId stream) const noexcept;
  [[nodiscard]] bool read_ended(StreamId stream) const noexcept;
  [[nodiscard]] std::size_t streams() const noexcept;
  /// Everything that was written has been acknowledged by the peer.
  [[nodiscard]] bool all_acknowledged() const noexcept;

  /// Ends the session in order.
  void close();
  [[nodiscard]] bool over() const noexcept;

  /// Without a link since longer than Limits::resume (or what the Server said): every stream is Over(SessionLost).
  void on_time(Millis now);
  [[nodiscard]] std::optional<Millis> deadline() const noexcept;

  [[nodiscard]] std::vector<Event> take_events();
  /// Something has come that the peer has not been told of, though it can wait a moment for it: call acknowledge()
  /// within about 20 ms.
  [[nodiscard]] bool owes_acknowledgements() const noexcept;
  /// They are due now. Streams that stood still since the last call give their memory back.
  void acknowledge();
  [[nodiscard]] const std::optional<ResumeToken>& token() const noexcept;
  /// Bytes held for all streams, both ways; for tests and figures.
  [[nodiscard]] std::size_t memory() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cpns::stream
