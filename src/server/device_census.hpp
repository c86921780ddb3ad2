#pragma once
// About how many devices were here lately: who would come back after an outage. A HyperLogLog (Flajolet, Fusy, Gandouet
// and Meunier, 2007) of two spans of time, 8 KiB whatever their number; within some percent. Pure.

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>

namespace cpns::server {

class DeviceCensus {
 public:
  using Time = std::chrono::milliseconds;  ///< of a clock that never jumps
  /// A device that was not heard of for so long does not count any more; at the latest after twice that.
  static constexpr Time kSpan{600'000};

  /// `hash`: of the device, under a secret key; the same each time.
  void saw(std::uint64_t hash, Time now) {
    turn(now);
    auto& highest = now_[hash % kRegisters];
    const auto rest = hash / kRegisters;
    const auto rank = static_cast<std::uint8_t>(std::countl_zero(rest) - kIndexBits + 1);
    if (rank <= highest) return;
    highest = rank;
    changed_ = true;
  }

  [[nodiscard]] std::size_t estimate(Time now) {
    turn(now);
    if (!std::exchange(changed_, false)) return estimate_;
    double sum = 0;
    double empty = 0;
    for (std::size_t i = 0; i < kRegisters; ++i) {
      const auto rank = std::max(now_[i], before_[i]);
      sum += std::ldexp(1.0, -rank);
      if (rank == 0) ++empty;
    }
    constexpr auto kCount = static_cast<double>(kRegisters);
    double made = 0.7213 / (1 + 1.079 / kCount) * kCount * kCount / sum;
    if (made <= 2.5 * kCount && empty > 0) made = kCount * std::log(kCount / empty);
    estimate_ = static_cast<std::size_t>(std::lround(made));
    return estimate_;
  }

 private:
  static constexpr int kIndexBits = 12;
  static constexpr std::size_t kRegisters = std::size_t{1} << kIndexBits;
  using Registers = std::array<std::uint8_t, kRegisters>;

  void turn(Time now) {
    if (now - since_ < kSpan) return;
    before_ = now - since_ < 2 * kSpan ? now_ : Registers{};
    now_ = {};
    since_ = now;
    changed_ = true;
  }

  Registers now_{};
  Registers before_{};
  Time since_{0};
  std::size_t estimate_ = 0;
  bool changed_ = false;
};

}  // namespace cpns::server
