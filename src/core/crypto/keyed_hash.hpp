#pragma once
// SipHash-2-4 (Aumasson and Bernstein, 2012): where a key stands in a table, under a secret of this process. Nobody
// outside can choose keys that all stand in one place.

#include <array>
#include <bit>
#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/crypto/random.hpp"

namespace cpns::crypto {

/// Pure; any thread.
class KeyedHash {
 public:
  KeyedHash(std::uint64_t k0, std::uint64_t k1) noexcept : k0_(k0), k1_(k1) {}
  explicit KeyedHash(Random& random) : KeyedHash(number(random), number(random)) {}

  [[nodiscard]] std::uint64_t operator()(ByteView bytes) const noexcept {
    State v{k0_ ^ 0x736f6d6570736575U, k1_ ^ 0x646f72616e646f6dU, k0_ ^ 0x6c7967656e657261U, k1_ ^ 0x7465646279746573U};
    const std::size_t whole = bytes.size() / 8 * 8;
    for (std::size_t at = 0; at < whole; at += 8) absorb(v, word(bytes.subspan(at, 8)));
    absorb(v, word(bytes.subspan(whole)) | static_cast<std::uint64_t>(bytes.size()) << 56U);
    v[2] ^= 0xff;
    for (int round = 0; round < 4; ++round) mix(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
  }

 private:
  using State = std::array<std::uint64_t, 4>;
  /// Little-endian; eight bytes at most.
  static std::uint64_t word(ByteView bytes) noexcept {
    std::uint64_t made = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) made |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    return made;
  }
  static std::uint64_t number(Random& random) {
    const auto bytes = random.bytes<8>();
    return word(bytes);
  }
  static void absorb(State& v, std::uint64_t m) noexcept {
    v[3] ^= m;
    mix(v);
    mix(v);
    v[0] ^= m;
  }
  static void mix(State& v) noexcept {
    v[0] += v[1];
    v[1] = std::rotl(v[1], 13) ^ v[0];
    v[0] = std::rotl(v[0], 32);
    v[2] += v[3];
    v[3] = std::rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = std::rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = std::rotl(v[1], 17) ^ v[2];
    v[2] = std::rotl(v[2], 32);
  }

  std::uint64_t k0_;
  std::uint64_t k1_;
};

}  // namespace cpns::crypto
