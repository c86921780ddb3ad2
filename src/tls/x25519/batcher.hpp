#pragma once
// Collects exchanges, so that those that are wanted at about the same time are made together. Pure: the time is handed
// in, and whoever owns it decides when to run: as soon as there is nothing else to do, at once where due(), and
// not before where in_crowd(). So a lone handshake waits for nobody, and batches form where many come.
// Not thread-safe; one owner.

#include <chrono>
#include <vector>

#include "tls/x25519/x25519.hpp"

namespace cpns::tls::x25519 {

class Batcher {
 public:
  /// Since whenever, by a clock that never goes back.
  using Time = std::chrono::nanoseconds;
  /// The longest that one waits for others: alone, and where others are sure to come, so that all wait less in the end.
  static constexpr std::chrono::microseconds kLongestWait{100}, kLongestInCrowd{1000};

  /// `random` makes the private keys and must outlive it.
  Batcher(crypto::Random& random, Way way) : random_(random), way_(way) {}

  /// Takes a peer's share.
  void add(const Share& theirs, Time now);
  /// Whether to wait longer makes no sense: as many wait as one call takes, or the first has waited for longest(), or
  /// this way makes one after the other anyway.
  [[nodiscard]] bool due(Time now) const noexcept;
  /// Whether those who came last came so close behind one another that another one is to be expected within
  /// kLongestInCrowd.
  [[nodiscard]] bool in_crowd() const noexcept { return gap_ <= kLongestInCrowd; }
  [[nodiscard]] Time longest() const noexcept { return in_crowd() ? Time(kLongestInCrowd) : Time(kLongestWait); }
  [[nodiscard]] std::size_t waiting() const noexcept { return shares_.size(); }
  /// Makes all that wait, in the order in which they were added. Throws std::bad_alloc where libcrypto fails.
  [[nodiscard]] std::vector<Exchanged> run();

 private:
  static constexpr Time kLongestGap = kLongestInCrowd * 8;  ///< as which a longer one counts

  crypto::Random& random_;
  Way way_;
  std::vector<Share> shares_;
  Time first_{};            ///< when the first of them came
  Time last_{};             ///< when the last came of all that ever did
  Time gap_ = kLongestGap;  ///< between two that came, on average; the last few count
};

}  // namespace cpns::tls::x25519
