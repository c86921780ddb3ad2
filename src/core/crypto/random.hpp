#pragma once
// Where unpredictable bytes come from. The core never asks the system itself: whoever runs a session passes one in,
// the system's CSPRNG in programs
// (runtime/system_random.hpp), a counted one in tests.

#include "core/base/bytes.hpp"

namespace cpns::crypto {

class Random {
 public:
  virtual ~Random() = default;
  /// Fills all of `out`. An implementation that can't must end the program: there is no safe way on.
  virtual void fill(std::span<std::uint8_t> out) = 0;

  template <std::size_t N>
  [[nodiscard]] std::array<std::uint8_t, N> bytes() {
    std::array<std::uint8_t, N> out;
    fill(out);
    return out;
  }
};

}  // namespace cpns::crypto
