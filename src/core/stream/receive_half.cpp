#include "core/stream/receive_half.hpp"

#include <algorithm>
#include <cstring>

namespace cpns::stream {

namespace {

// More pieces apart from each other than two links in use at once can make of honest streams.
constexpr std::size_t kMaxEarly = 1024;

Error stream_broken(std::string got, std::string expected) {
  return {Code::stream_rule_broken, std::move(got), std::move(expected)};
}

}  // namespace

Result<void> ReceiveHalf::accept(const StreamData& data) {
  const auto end = data.offset + data.data.size();
  if (end > limit_) return stream_broken("bytes up to " + std::to_string(end), "at most " + std::to_string(limit_));
  if ((end_ && (end > *end_ || (data.end && end != *end_))) || (data.end && end < received_) ||
      (data.end && !early_.empty() && end < early_.back().end)) {
    return stream_broken("an end or bytes at " + std::to_string(end), "the end announced before, and nothing after it");
  }
  if (data.end) end_ = end;
  if (end <= received_) return {};
  const auto begin = std::max(data.offset, received_);
  ring_.put(begin, data.data.subspan(static_cast<std::size_t>(begin - data.offset)));
  if (begin > received_) return keep_early(begin, end);
  received_ = end;
  while (!early_.empty() && early_.front().begin <= received_) {
    received_ = std::max(received_, early_.front().end);
    early_.erase(early_.begin());
  }
  return {};
}

Result<void> ReceiveHalf::keep_early(std::uint64_t begin, std::uint64_t end) {
  auto at = std::lower_bound(early_.begin(), early_.end(), begin,
                             [](const Range& range, std::uint64_t offset) { return range.end < offset; });
  if (at == early_.end() || at->begin > end) {
    if (early_.size() >= kMaxEarly)
      return stream_broken("more than 1024 gaps in one stream", "bytes in order on each link");
    early_.insert(at, {begin, end});
    return {};
  }
  at->begin = std::min(at->begin, begin);
  at->end = std::max(at->end, end);
  while (at + 1 != early_.end() && (at + 1)->begin <= at->end) {
    at->end = std::max(at->end, (at + 1)->end);
    early_.erase(at + 1);
  }
  return {};
}

std::size_t ReceiveHalf::read(std::span<std::uint8_t> out) {
  std::size_t copied = 0;
  while (copied < out.size() && read_ < received_) {
    const auto piece = ring_.peek(read_, std::min(out.size() - copied, readable()));
    std::memcpy(out.data() + copied, piece.data(), piece.size());
    copied += piece.size();
    read_ += piece.size();
  }
  ring_.drop_before(read_);
  return copied;
}

bool ReceiveHalf::due() const noexcept {
  if (repeat_ || ended() != told_end_ || owes_limit()) return true;
  return received_ - told_received_ >= std::min(window_ / 4, kAcknowledgeEvery);
}

StreamAck ReceiveHalf::acknowledge(StreamId stream) noexcept {
  limit_ = std::max(limit_, read_ + window_);
  told_received_ = received_;
  told_end_ = ended();
  repeat_ = false;
  return {stream, received_, limit_, told_end_};
}

}  // namespace cpns::stream
