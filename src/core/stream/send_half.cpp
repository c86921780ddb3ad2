#include "core/stream/send_half.hpp"

#include <algorithm>

namespace cpns::stream {

void SendHalf::write(ByteView bytes) {
  ring_.put(written_, bytes);
  written_ += bytes.size();
}

Result<void> SendHalf::acknowledge(std::uint64_t received, bool end_received) {
  if (received > most_sent_ || (end_received && (!end_ever_sent_ || received != written_))) {
    return Error{Code::stream_rule_broken, "an acknowledgement of " + std::to_string(received) + " bytes",
                 "at most the " + std::to_string(most_sent_) + " that were sent"};
  }
  if (end_received) end_acknowledged_ = true;
  if (received <= acknowledged_) return {};  // an old one, overtaken on another link
  acknowledged_ = received;
  sent_ = std::max(sent_, received);
  ring_.drop_before(received);
  std::erase_if(carried_,
                [&](const Carried& one) { return one.end <= received && (!one.with_end || end_acknowledged_); });
  return {};
}

bool SendHalf::can_send() const noexcept {
  const bool waits = acknowledged_ < most_sent_ || (end_ever_sent_ && !end_acknowledged_);
  return can_send_more() || (asking_ && waits);
}

bool SendHalf::can_send_more() const noexcept {
  return sent_ < std::min(written_, limit_) || (finished_ && !end_sent_ && !end_acknowledged_ && sent_ == written_);
}

StreamData SendHalf::take(StreamId stream, Link link) {
  if (!can_send_more()) asking_ = false;
  const auto most = std::min<std::uint64_t>(kMaxData, std::min(written_, limit_) - sent_);
  const auto bytes = ring_.peek(sent_, static_cast<std::size_t>(most));
  const StreamData data{stream, sent_, finished_ && sent_ + bytes.size() == written_, bytes};
  sent_ += bytes.size();
  most_sent_ = std::max(most_sent_, sent_);
  if (data.end) end_sent_ = end_ever_sent_ = true;
  const auto known = std::find_if(carried_.begin(), carried_.end(), [&](const auto& one) { return one.link == link; });
  if (known == carried_.end()) {
    carried_.push_back({link, sent_, data.end});
  } else {
    known->end = std::max(known->end, sent_);
    known->with_end = known->with_end || data.end;
  }
  return data;
}

void SendHalf::lose(Link link) noexcept {
  const auto known = std::find_if(carried_.begin(), carried_.end(), [&](const auto& one) { return one.link == link; });
  if (known == carried_.end()) return;
  // Another link may have carried some of it too: what comes twice is dropped at the other end.
  if (known->end > acknowledged_) sent_ = acknowledged_;
  if (known->with_end && !end_acknowledged_) end_sent_ = false;
  carried_.erase(known);
}

void SendHalf::abandon() noexcept {
  finished_ = end_sent_ = end_ever_sent_ = end_acknowledged_ = true;
  acknowledged_ = sent_ = written_;
  ring_.drop_before(written_);
  carried_.clear();
}

void SendHalf::forget(Link link) noexcept {
  std::erase_if(carried_, [&](const Carried& one) { return one.link == link; });
}

}  // namespace cpns::stream
