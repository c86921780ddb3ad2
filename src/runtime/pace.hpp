#pragma once
// A rate of bytes that several streams share: each asks for its bytes and waits until they are due.

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace cpns::runtime {

/// On one thread.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Pace(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}
  [[nodiscard]] std::uint64_t bytes_per_second() const noexcept { return rate_; }
  /// When whoever has just moved `bytes` may move the next ones.
  [[nodiscard]] Clock::time_point after(std::uint64_t bytes, Clock::time_point now) {
    next_ = std::max(next_, now) + std::chrono::nanoseconds(bytes * 1'000'000'000ULL / rate_);
    return next_;
  }

 private:
  std::uint64_t rate_;
  Clock::time_point next_{};
};

}  // namespace cpns::runtime
