#pragma once
// Whether two kinds of input take a different time: Welch's t-test over interleaved measurements, in the manner of
// dudect (Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?", 2017). The slowest tenth is cut off:
// that is the machine, not the code.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace cpns::timing {

/// Some clock that counts evenly and finely; never goes back within a measurement.
inline std::uint64_t ticks() {
#if defined(__x86_64__)
  _mm_mfence();  // what was written before is not of this measurement
  _mm_lfence();
  const auto now = __rdtsc();
  _mm_lfence();
  return now;
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

/// Copies one of two inputs to `to`, and touches both alike: else the cache would know which it was.
template <class Bytes>
void choose(unsigned kind, const std::array<Bytes, 2>& from, Bytes& to) {
  using Byte = typename Bytes::value_type;
  const auto mask = static_cast<unsigned>(-static_cast<int>(kind));
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto first = static_cast<unsigned char>(from[0][i]);
    const auto second = static_cast<unsigned char>(from[1][i]);
    to[i] = static_cast<Byte>((first & ~mask) | (second & mask));
  }
}

struct Verdict {
  double t = 0;                  ///< 0: alike; dudect takes more than 10 for surely different
  std::array<double, 2> mean{};  ///< ticks of each class, without the slowest tenth
};
inline constexpr double kSurelyDifferent = 10;

/// Calls `prepare(kind)` with 0 or 1 by chance, and then, timed, `act()`; so often. `prepare` copies its kind of input
/// to the one place that `act` reads: what lies elsewhere in memory takes another time, whatever the code does.
template <class Prepare, class Act>
Verdict compare(std::size_t measurements, Prepare&& prepare, Act&& act) {
  std::mt19937_64 random(std::random_device{}());
  std::vector<std::uint8_t> kinds(measurements);
  for (auto& kind : kinds) kind = static_cast<std::uint8_t>(random() & 1U);
  std::vector<std::uint64_t> took(measurements);
  for (std::size_t i = 0; i < measurements; ++i) {
    prepare(kinds[i]);
    const auto begun = ticks();
    act();
    took[i] = ticks() - begun;
  }
  auto sorted = took;
  const auto tenth = sorted.begin() + static_cast<std::ptrdiff_t>(measurements - measurements / 10);
  std::nth_element(sorted.begin(), tenth, sorted.end());
  const auto longest = *tenth;
  std::array<double, 2> count{}, mean{}, squares{};
  for (std::size_t i = 0; i < measurements; ++i) {
    if (took[i] >= longest) continue;
    const auto kind = kinds[i];
    const auto value = static_cast<double>(took[i]);
    const auto from_mean = value - mean[kind];
    count[kind] += 1;
    mean[kind] += from_mean / count[kind];
    squares[kind] += from_mean * (value - mean[kind]);
  }
  double variance = 0;
  for (const auto kind : {0U, 1U})
    variance += squares[kind] / std::max(count[kind] - 1, 1.0) / std::max(count[kind], 1.0);
  return {variance > 0 ? std::abs(mean[0] - mean[1]) / std::sqrt(variance) : 0, mean};
}

/// The least t of several tries: what a busy machine spoils it does not spoil each time, and a real difference stays.
template <class Prepare, class Act>
Verdict least_of(int tries, std::size_t measurements, Prepare&& prepare, Act&& act) {
  Verdict least = compare(measurements, prepare, act);
  for (int i = 1; i < tries && least.t > kSurelyDifferent / 2; ++i) {
    const auto next = compare(measurements, prepare, act);
    if (next.t < least.t) least = next;
  }
  return least;
}

}  // namespace cpns::timing
