#pragma once
// X25519 (RFC 7748) as a TLS server needs it: a fresh key pair for each peer's share, used once. By libcrypto on every
// CPU, or eight at a time by code of our own where the CPU has AVX-512 IFMA (docs/adr/0030-x25519.md). Both ways give
// the same for the same randomness. Functions are thread-safe, and take the same time whatever the keys are.

#include <optional>

#include "core/crypto/random.hpp"
#include "core/secret/keys.hpp"

namespace cpns::tls::x25519 {

/// A public value as it is on the wire.
using Share = std::array<std::uint8_t, 32>;
using SharedSecret = secret::X25519Secret;

enum class Way : std::uint8_t {
  Portable,  ///< libcrypto, one after the other
  Eight,     ///< up to eight for the time of one; only where eight_at_once()
};
/// Whether this CPU, and its operating system, allow Way::Eight.
[[nodiscard]] bool eight_at_once() noexcept;
/// The faster one of what this CPU allows.
[[nodiscard]] inline Way best_way() noexcept { return eight_at_once() ? Way::Eight : Way::Portable; }

/// The most that one call takes.
inline constexpr std::size_t kMost = 8;

struct Exchanged {
  Share mine{};  ///< for the peer
  /// Nothing where the peer's share gives all zeros, which MUST be refused (RFC 8446 section 7.4.2; RFC 7748 section
  /// 6.1). Of that alone the time may tell: it is no secret of ours.
  std::optional<SharedSecret> secret;
};

/// For each of `theirs`, 1 to kMost, a key pair made of 32 bytes from `random` and what it shares with them, into the
/// same place of `to`, which is as long. Private keys are wiped before this returns. Any share is taken, as RFC 7748
/// section 5 says: bit 255 is left out, and the number need not be less than p.
/// Throws std::bad_alloc where libcrypto fails.
void exchange(std::span<const Share> theirs, std::span<Exchanged> to, crypto::Random& random, Way way);

}  // namespace cpns::tls::x25519
