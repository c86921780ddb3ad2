#pragma once
// What has come of a stream: in order for the reader, whatever order links deliver it in, within a window [X4].

#include <vector>

#include "core/base/result.hpp"
#include "core/stream/frame.hpp"
#include "core/stream/ring_buffer.hpp"

namespace cpns::stream {

/// An acknowledgement at least this often, in bytes: the sender keeps everything until then.
inline constexpr std::size_t kAcknowledgeEvery = std::size_t{128} << 10U;

class ReceiveHalf {
 public:
  explicit ReceiveHalf(std::size_t window) : window_(window), limit_(window) {}

  /// Fails where the peer goes beyond its limit or contradicts an end that it has announced. Bytes that are here
  /// already are dropped.
  [[nodiscard]] Result<void> accept(const StreamData& data);
  [[nodiscard]] std::size_t readable() const noexcept { return static_cast<std::size_t>(received_ - read_); }
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out);
  /// The reader has had everything.
  [[nodiscard]] bool read_ended() const noexcept { return end_ && read_ == *end_; }
  /// Everything is here.
  [[nodiscard]] bool ended() const noexcept { return end_ && received_ == *end_; }
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }

  // Acknowledgements.
  [[nodiscard]] std::size_t window() const noexcept { return window_; }
  void set_window(std::size_t window) noexcept { window_ = window; }
  /// The peer is told nothing that it does not know.
  [[nodiscard]] bool owes() const noexcept {
    return received_ != told_received_ || ended() != told_end_ || owes_limit();
  }
  /// Enough to tell the peer at once: it may be waiting for it.
  [[nodiscard]] bool due() const noexcept;
  /// The peer has been told at least once that everything is here.
  [[nodiscard]] bool end_told() const noexcept { return told_end_; }
  /// Makes the next acknowledgement; counts as told.
  [[nodiscard]] StreamAck acknowledge(StreamId stream) noexcept;
  /// The peer may not have heard: tell it again.
  void repeat() noexcept { repeat_ = true; }
  /// Bytes that the reader has taken since the window last changed: a reader that keeps up earns a larger one.
  [[nodiscard]] bool earned_more() const noexcept { return read_ - window_since_ >= window_; }
  void window_changed() noexcept { window_since_ = read_; }

  void release_memory() noexcept {
    if (received_ == read_ && early_.empty()) ring_.release();
  }
  [[nodiscard]] std::size_t memory() const noexcept { return ring_.capacity(); }

 private:
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  [[nodiscard]] bool owes_limit() const noexcept { return !end_ && read_ + window_ > limit_ + window_ / 4; }
  [[nodiscard]] Result<void> keep_early(std::uint64_t begin, std::uint64_t end);

  RingBuffer ring_;
  std::uint64_t read_ = 0;
  std::uint64_t received_ = 0;
  std::vector<Range> early_;  // beyond received_, apart from each other, rising
  std::optional<std::uint64_t> end_;
  std::size_t window_;
  std::uint64_t limit_;  // told to the peer
  std::uint64_t told_received_ = 0;
  std::uint64_t window_since_ = 0;
  bool told_end_ = false;
  bool repeat_ = false;
};

}  // namespace cpns::stream
