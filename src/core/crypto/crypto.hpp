#pragma once
// The primitives that protocol.md section 2 is made of, over libcrypto. All functions are pure and thread-safe.
// Where libcrypto itself fails (no memory, no provider) std::bad_alloc is thrown: nothing a peer sends can cause it.

#include <initializer_list>

#include "core/base/result.hpp"
#include "core/crypto/random.hpp"
#include "core/secret/keys.hpp"

namespace cpns::crypto {

using Digest = std::array<std::uint8_t, 32>;
using Mac = std::array<std::uint8_t, 32>;

/// Running SHA-256 over several pieces.
[[nodiscard]] Digest sha256(std::initializer_list<ByteView> pieces);

/// HMAC-SHA-256 (RFC 2104) with the raw bytes of a key.
[[nodiscard]] Mac hmac_sha256(ByteView key, ByteView data);

/// HKDF-Extract with SHA-256 (RFC 5869 section 2.2), into `prk` of 32 bytes.
void hkdf_extract(ByteView salt, ByteView input_key, std::span<std::uint8_t, 32> prk);
/// HKDF-Expand with SHA-256 (RFC 5869 section 2.3); `out` at most 8160 bytes.
void hkdf_expand(ByteView prk, ByteView info, std::span<std::uint8_t> out);

/// Compares codes in constant time. [K2]
[[nodiscard]] bool equal_ct(ByteView a, ByteView b) noexcept;

inline constexpr std::size_t kGcmTagSize = 16;
inline constexpr std::size_t kGcmNonceSize = 12;
/// AES-256-GCM: ciphertext followed by the 16-byte tag. The caller never uses a nonce twice with one key.
[[nodiscard]] Bytes aes256gcm_seal(std::span<const std::uint8_t, 32> key, std::span<const std::uint8_t, 12> nonce,
                                   ByteView aad, ByteView plaintext);
/// Opens what `aes256gcm_seal` made. Fails with `sealed_value_does_not_open`.
[[nodiscard]] Result<secret::SecretBuffer> aes256gcm_open(std::span<const std::uint8_t, 32> key,
                                                          std::span<const std::uint8_t, 12> nonce, ByteView aad,
                                                          ByteView sealed);

using X25519Share = std::array<std::uint8_t, 32>;
struct X25519KeyPair {
  secret::X25519PrivateKey private_key;
  X25519Share share;
};
[[nodiscard]] X25519KeyPair x25519_generate(Random& random);
[[nodiscard]] X25519Share x25519_share(const secret::X25519PrivateKey& private_key);
/// RFC 7748. Fails with `x25519_result_is_zero` where the peer's share has small order (protocol.md section 2).
[[nodiscard]] Result<secret::X25519Secret> x25519(const secret::X25519PrivateKey& mine, const X25519Share& theirs);
/// `x25519_result_is_zero`, for whoever multiplies by another way.
[[nodiscard]] Error share_of_small_order();

}  // namespace cpns::crypto
