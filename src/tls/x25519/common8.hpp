#pragma once
// What the two multiplications share: words in and out, inversion, and the stack. Internal to this folder.

#include <cstring>

#include "core/secret/secret_bytes.hpp"
#include "tls/x25519/eight.hpp"
#include "tls/x25519/field8.hpp"

namespace cpns::tls::x25519::eight {

/// Word w of number i goes to lane i of word[w].
CPNS_IFMA_INLINE Words load(const Numbers& from) {
  std::uint64_t words[4][kLanes];
  for (std::size_t w = 0; w < 4; ++w)
    for (std::size_t i = 0; i < kLanes; ++i) std::memcpy(&words[w][i], from[i].data() + 8 * w, 8);
  Words loaded;
  for (int w = 0; w < 4; ++w) loaded.word[w] = lanes_of(_mm512_loadu_si512(words[w]));
  return loaded;
}

CPNS_IFMA_INLINE void store(const Words& from, Numbers& to) {
  std::uint64_t words[4][kLanes];
  for (int w = 0; w < 4; ++w) _mm512_storeu_si512(words[w], raw(from.word[w]));
  for (std::size_t w = 0; w < 4; ++w)
    for (std::size_t i = 0; i < kLanes; ++i) std::memcpy(to[i].data() + 8 * w, &words[w][i], 8);
}

/// RFC 7748 section 5: the lower three bits and bit 255 go, bit 254 is set.
CPNS_IFMA_INLINE Words clamped(Words scalars) {
  scalars.word[0] &= ~std::uint64_t{7};
  scalars.word[3] &= ~(std::uint64_t{1} << 63U);
  scalars.word[3] |= std::uint64_t{1} << 62U;
  return scalars;
}

/// a^(p - 2), which is 1/a, and 0 for 0. p - 2 = 2^255 - 21.
[[nodiscard]] CPNS_IFMA Fe invert(const Fe& a) noexcept;

/// Overwrites what the functions before may have left in vector registers and on the stack.
void wipe_traces() noexcept;

}  // namespace cpns::tls::x25519::eight
