#pragma once
// Where unpredictable bytes come from. The core never asks the system itself: whoever runs a session passes one in,
// the system's CSPRNG in programs, a counted one in tests.

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

/// libcrypto's generator for secrets (RAND_priv_bytes). Thread-safe.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace cpns::crypto
