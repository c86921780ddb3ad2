#pragma once
// SHA-256 and HMAC for the key schedule, by libcrypto's own functions of before EVP: their state lies on the stack, is
// copied by assignment and wiped by its owner, and nothing is looked up. A handshake makes some thirty of them.

#include <openssl/sha.h>

#include "core/crypto/crypto.hpp"

namespace cpns::tls::psk13 {

class Sha256 {
 public:
  Sha256() noexcept;
  void add(ByteView bytes) noexcept;
  /// Once; the object holds nothing any more then.
  [[nodiscard]] crypto::Digest finish() noexcept;

 private:
  SHA256_CTX state_;
};

/// RFC 2104. `key` of 64 bytes at most, as each key here is; a longer one ends the program.
[[nodiscard]] crypto::Mac hmac(ByteView key, ByteView data) noexcept;

}  // namespace cpns::tls::psk13
