#pragma once
// The transcript hash (RFC 8446 section 4.4.1), SHA-256. Holds no secret. Not thread-safe; owned by one connection.

#include "core/crypto/sha256.hpp"
#include "tls/psk13/key_schedule.hpp"

namespace cpns::tls::psk13 {

class Transcript {
 public:
  /// A whole message with its header, or a beginning of one.
  void add(ByteView bytes) noexcept { hash_.add(bytes); }
  [[nodiscard]] TranscriptHash hash() const noexcept { return hash_with({}); }
  /// The hash as if `more` had been added.
  [[nodiscard]] TranscriptHash hash_with(ByteView more) const noexcept;
  /// After a HelloRetryRequest the first ClientHello stands there as the message that holds its hash.
  void replace_by_hash() noexcept;

 private:
  crypto::Sha256 hash_;
};

}  // namespace cpns::tls::psk13
