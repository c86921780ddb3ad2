#include "tls/x25519/batcher.hpp"

#include <algorithm>

namespace cpns::tls::x25519 {

void Batcher::add(const Share& theirs, Time now) {
  shares_.push_back(theirs);
  if (shares_.size() == 1) first_ = now;
  constexpr int kCounted = 8;
  gap_ += (std::min(now - last_, kLongestGap) - gap_) / kCounted;
  last_ = now;
}

bool Batcher::due(Time now) const noexcept {
  if (shares_.empty()) return false;
  return way_ == Way::Portable || shares_.size() >= kMost || now - first_ >= longest();
}

std::vector<Exchanged> Batcher::run() {
  std::vector<Exchanged> made(shares_.size());
  for (std::size_t first = 0; first < shares_.size(); first += kMost) {
    const auto count = std::min(kMost, shares_.size() - first);
    exchange(std::span(shares_).subspan(first, count), std::span(made).subspan(first, count), random_, way_);
  }
  if (shares_.size() == 1) gap_ = std::min(2 * gap_, kLongestGap);  // nobody came
  shares_.clear();
  return made;
}

}  // namespace cpns::tls::x25519
