#pragma once
// SHA-256 and HMAC for key schedules, by libcrypto's own functions of before EVP: their state lies on the stack, is
// copied by assignment and wiped by its owner, and nothing is looked up. A handshake makes some forty of them.

#include <openssl/sha.h>

#include "core/crypto/crypto.hpp"

namespace cpns::crypto {

class Sha256 {
 public:
  Sha256() noexcept;
  void add(ByteView bytes) noexcept;
  /// Once; the object holds nothing any more then.
  [[nodiscard]] Digest finish() noexcept;

 private:
  SHA256_CTX state_;
};

/// HMAC (RFC 2104) for several messages under one key: what the key's two blocks come to is computed once, half of
/// what a short message costs. Holds as much as the key itself, and wipes it. Stays where it was made.
class HmacKey {
 public:
  explicit HmacKey(ByteView key) noexcept;
  HmacKey(const HmacKey&) = delete;
  HmacKey& operator=(const HmacKey&) = delete;
  ~HmacKey();

  /// Into `to`, which a piece may view. Returned by value and assigned, a copy that nobody wipes would stay on the
  /// stack, and what comes out here is often a key.
  void mac(std::initializer_list<ByteView> pieces, Mac& to) const noexcept;

 private:
  SHA256_CTX inner_, outer_;
};

/// One message, over several pieces.
[[nodiscard]] Mac hmac(ByteView key, std::initializer_list<ByteView> pieces) noexcept;

}  // namespace cpns::crypto
