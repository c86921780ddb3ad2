#pragma once
// Sealing of secrets at rest [V2]: AES-256-GCM under the master key, a fresh random 12-byte nonce for each value, bound
// to the place it stands in: schema version, table, row and column are the associated data, so that a sealed value
// moved to another row or column does not open. Blob: version byte 1, nonce 12, ciphertext, tag 16.

#include "core/crypto/crypto.hpp"
#include "core/secret/keys.hpp"

namespace cpns::store {

/// Where a sealed value stands.
struct Place {
  std::string_view table;
  std::string_view column;
  ByteView row;  ///< primary key of the row
};

/// Immutable after construction; thread-safe.
class Sealer {
 public:
  explicit Sealer(secret::MasterKey key) : key_(std::move(key)) {}
  [[nodiscard]] Bytes seal(const Place& place, ByteView plaintext, crypto::Random& random) const;
  /// Fails with `sealed_value_does_not_open`.
  [[nodiscard]] Result<secret::SecretBuffer> open(const Place& place, ByteView blob) const;

 private:
  secret::MasterKey key_;
};

}  // namespace cpns::store
