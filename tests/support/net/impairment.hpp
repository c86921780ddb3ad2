#pragma once
// What a bad path does to packets: loss, delay, reordering, a limited rate. Pure and repeatable: the same seed and the
// same packets give the same fates. What `tc netem` does in kernels that have it.

#include <chrono>
#include <cstddef>
#include <optional>
#include <random>

namespace cpns::test {

/// One direction of a path.
struct Impairment {
  std::chrono::microseconds delay{0};
  std::chrono::microseconds jitter{0};   ///< delay plus or minus up to this much; packets overtake each other
  double loss = 0;                       ///< share of packets, 0 to 1
  double reorder = 0;                    ///< share of packets that skip the delay, and so overtake
  double bytes_per_second = 0;           ///< 0: no limit
  std::size_t queue_bytes = 256 * 1024;  ///< that may wait for a limited rate; more is dropped
  std::uint64_t seed = 1;

  [[nodiscard]] bool nothing() const {
    return delay.count() == 0 && jitter.count() == 0 && loss == 0 && bytes_per_second == 0;
  }
};

class PacketFates {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit PacketFates(const Impairment& impairment) : impairment_(impairment), random_(impairment.seed) {}

  /// When a packet of this size that comes now goes on; none: it is lost. `now` never goes back.
  [[nodiscard]] std::optional<Time> next(std::size_t size, Time now);
  [[nodiscard]] const Impairment& impairment() const noexcept { return impairment_; }

 private:
  [[nodiscard]] double draw() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  Impairment impairment_;
  std::mt19937_64 random_;
  Time wire_free_{};  ///< with a limited rate: when the last packet has left
};

}  // namespace cpns::test
