#include "server/admission.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

namespace cpns::server {
namespace {

using Time = Admission::Time;

/// A rate is measured over so long, and moves by a third towards what was measured.
constexpr Time kMeasure{250};
constexpr double kWeight = 1.0 / 3;
/// Before anything was measured: less than any machine does that is meant for more devices than its queue holds.
constexpr double kAssumedRate = 1000;
/// However slow it seems to be, so many may wait.
constexpr std::size_t kLeastCapacity = 64;
/// So many at once are a storm, and it is over when nobody has waited for so long.
constexpr std::size_t kStorm = 256;
constexpr Time kCalm{5'000};
/// Devices are asked to come at four fifths of what the Server can do: they do not come evenly.
constexpr double kHeadroom = 1.25;
/// A device's streams wait for a link; see activation::Comeback.
constexpr Time kMostWithin{300'000};

/// One part of so many of the queue is kept for those who come again.
constexpr std::size_t kKept = 4;
/// Addresses that places are kept for: a MiB while a storm goes on.
constexpr std::size_t kOwed = std::size_t{1} << 18U;
constexpr std::size_t kWays = 4;

double seconds_of(Time time) { return static_cast<double>(time.count()) / 1000; }

}  // namespace

std::size_t Admission::capacity() const noexcept {
  if (rate_ <= 0) return limits_.queue;
  const auto served = static_cast<std::size_t>(rate_ * seconds_of(limits_.wait));
  return std::min(std::max(served, kLeastCapacity), limits_.queue);
}

Time Admission::estimate() const noexcept {
  if (rate_ <= 0) return Time{0};
  return Time(static_cast<Time::rep>(static_cast<double>(waiting_.size()) / rate_ * 1000));
}

Time Admission::return_within(std::size_t devices) const noexcept {
  const auto absorbed = capacity() / 2;
  if (devices <= absorbed) return Time{0};
  const double rate = served_rate_ > 0 ? served_rate_ : kAssumedRate;
  const double ms = static_cast<double>(devices - absorbed) / rate * kHeadroom * 1000;
  return std::min(Time(static_cast<Time::rep>(std::min(ms, 1e9))), kMostWithin);
}

Admission::Answer Admission::arrive(const RateTable::Key& address, Time now) {
  if (waiting_.empty() && begun_ < kAtOnce) {
    ++begun_;
    return Answer::Begin;
  }
  auto* const owed = storm_ ? owed_to(address) : nullptr;
  const bool comes_again = owed != nullptr && owed->places > 0;
  auto& pool = comes_again ? again_ : fresh_;
  const auto most = comes_again ? capacity() / kKept : capacity() - capacity() / kKept;
  const auto left = most - std::min(most, pool.waiting);
  auto& share = pool.shares[address];
  if (share >= left) {
    if (share == 0) pool.shares.erase(address);
    sent_away(address, now);
    return Answer::TurnAway;
  }
  if (comes_again) --owed->places;
  if (waiting_.empty()) {
    counted_since_ = now;
    counted_ = served_ = 0;
  }
  ++share;
  ++pool.waiting;
  waiting_.push_back({address, now, &pool});
  if (waiting_.size() >= kStorm) is_storm(now);
  if (storm_) storm_->longest = std::max(storm_->longest, waiting_.size());
  return Answer::Wait;
}

void Admission::sent_away(const RateTable::Key& address, Time now) {
  ++turned_away_;
  is_storm(now);
  ++storm_->turned_away;
  auto* const owed = owed_to(address);
  if (owed != nullptr && owed->places < std::numeric_limits<std::uint16_t>::max()) ++owed->places;
}

Admission::Owed* Admission::owed_to(const RateTable::Key& address) {
  const auto hash = hash_(address);
  const auto tag = static_cast<std::uint16_t>(hash >> 48U);
  const auto set = std::span(owed_).subspan(hash % (kOwed / kWays) * kWays, kWays);
  auto found = std::ranges::find_if(set, [&](const Owed& one) { return one.places > 0 && one.tag == tag; });
  if (found == set.end()) found = std::ranges::find(set, std::uint16_t{0}, &Owed::places);
  if (found == set.end()) return nullptr;
  found->tag = tag;
  return &*found;
}

void Admission::is_storm(Time now) {
  if (!storm_) {
    storm_ = Storm{.begun = now, .last = now, .longest = waiting_.size()};
    owed_.assign(kOwed, {});
  }
  storm_->last = now;
}

bool Admission::next(Time now) {
  const auto head = waiting_.front();
  waiting_.pop_front();
  --head.pool->waiting;
  const auto share = head.pool->shares.find(head.address);
  if (--share->second == 0) head.pool->shares.erase(share);
  if (storm_) storm_->last = now;
  if (now - head.since >= limits_.patience) {
    sent_away(head.address, now);
    return false;
  }
  ++begun_;
  if (storm_) ++storm_->let_in;
  count(now);
  return true;
}

// Only spans in which somebody waited from their begin to their end say what the Server can do; and for devices only
// those in which most were some: whoever floods it with connections does not tell the devices when to come.
void Admission::count(Time now) {
  ++counted_;
  const auto passed = now - counted_since_;
  if (passed < kMeasure) return;
  const auto towards = [&](double& rate, std::size_t count) {
    const double measured = static_cast<double>(count) / seconds_of(passed);
    rate = rate <= 0 ? measured : rate + (measured - rate) * kWeight;
  };
  towards(rate_, counted_);
  if (served_ * 2 >= counted_) towards(served_rate_, served_);
  counted_since_ = now;
  counted_ = served_ = 0;
}

void Admission::clear() {
  waiting_.clear();
  for (auto* pool : {&fresh_, &again_}) {
    pool->shares.clear();
    pool->waiting = 0;
  }
}

std::optional<Admission::Storm> Admission::storm_over(Time now) {
  if (!storm_ || !waiting_.empty() || now - storm_->last < kCalm) return std::nullopt;
  owed_ = {};
  return std::exchange(storm_, std::nullopt);
}

}  // namespace cpns::server
