#pragma once
// What one side has written to a stream and the peer has not acknowledged: kept until it has, sent again where the
// link that carried it was lost [X3].

#include <vector>

#include "core/base/result.hpp"
#include "core/stream/frame.hpp"
#include "core/stream/ring_buffer.hpp"

namespace cpns::stream {

class SendHalf {
 public:
  using Link = std::uint32_t;

  /// Appends; the caller keeps to its limits.
  void write(ByteView bytes);
  void finish() noexcept { finished_ = true; }
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  /// Bytes held, sent or not.
  [[nodiscard]] std::size_t held() const noexcept { return static_cast<std::size_t>(written_ - acknowledged_); }
  [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }
  [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_; }

  /// The peer may be sent bytes before this offset. Never goes back.
  void raise_limit(std::uint64_t limit) noexcept { limit_ = std::max(limit_, limit); }
  /// Another session goes on with this stream, of which nothing was ever sent.
  void restart_limit(std::uint64_t limit) noexcept { limit_ = limit; }
  /// Fails where the peer acknowledges what was never sent.
  [[nodiscard]] Result<void> acknowledge(std::uint64_t received, bool end_received);
  /// Everything, and the end.
  [[nodiscard]] bool all_acknowledged() const noexcept { return end_acknowledged_; }
  [[nodiscard]] bool nothing_unacknowledged() const noexcept {
    return acknowledged_ == written_ && (!finished_ || end_acknowledged_);
  }

  /// The peer is to say where it stands: an acknowledgement may be lost, or may wait for more than there is room for.
  /// After what can be sent, an empty frame asks for it.
  void ask() noexcept { asking_ = true; }
  [[nodiscard]] bool can_send() const noexcept;
  /// The next frame, at most kMaxData bytes; counts as sent over `link`. Only where can_send().
  [[nodiscard]] StreamData take(StreamId stream, Link link);
  /// The link is gone: what it carried is to be sent again.
  void lose(Link link) noexcept;
  /// The link was closed in order: everything it carried has arrived.
  void forget(Link link) noexcept;
  /// The peer has had everything and has forgotten the stream.
  void abandon() noexcept;
  void release_memory() noexcept {
    if (held() == 0) ring_.release();
  }
  [[nodiscard]] std::size_t memory() const noexcept { return ring_.capacity(); }

 private:
  [[nodiscard]] bool can_send_more() const noexcept;
  struct Carried {
    Link link;
    std::uint64_t end;  // it has carried bytes before this offset
    bool with_end;
  };

  RingBuffer ring_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t sent_ = 0;  // the next byte to send
  std::uint64_t most_sent_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t limit_ = 0;
  std::vector<Carried> carried_;  // one for each link that has carried unacknowledged bytes
  bool finished_ = false;
  bool end_sent_ = false;
  bool end_ever_sent_ = false;
  bool end_acknowledged_ = false;
  bool asking_ = false;
};

}  // namespace cpns::stream
