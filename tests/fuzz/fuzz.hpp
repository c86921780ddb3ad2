#pragma once
// What every fuzz target shares: libFuzzer's entry, and a way to say that a property does not hold.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "core/base/bytes.hpp"
#include "core/crypto/random.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cpns::fuzz {

/// Ends the program where a property does not hold, naming it: that is a finding.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "property does not hold: %s\n", property);
  std::abort();
}

/// Set by a target that has taken its input for good and acted on it. A replay asks for it after each seed `*.ok`, so
/// that a target can't go on quietly when its subject begins to refuse everything.
inline bool accepted = false;
inline void accept() { accepted = true; }

/// Takes values off the front of the input; gives zeros when there is no more. The input must outlive it.
class Taker {
 public:
  explicit Taker(ByteView bytes) : rest_(bytes) {}
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto b = rest_.front();
    rest_ = rest_.subspan(1);
    return b;
  }
  /// At most `size` bytes.
  ByteView bytes(std::size_t size) {
    const auto taken = rest_.first(size < rest_.size() ? size : rest_.size());
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  ByteView rest() { return bytes(rest_.size()); }

 private:
  ByteView rest_;
};

/// Counts: the same input gives the same run.
class CountedRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (auto& b : out)
      b = static_cast<std::uint8_t>((next_ = next_ * 6364136223846793005U + 1442695040888963407U) >> 56U);
  }

 private:
  std::uint64_t next_ = 1;
};

}  // namespace cpns::fuzz
