#pragma once
// Sealing of secrets at rest [V2]: AES-256-GCM under the master key, a fresh random 12-byte nonce for each value, bound
// to the place it stands in: sealing schema, table, column and row are the associated data, so that a sealed value
// moved to another row or column does not open. Blob: version byte 1, nonce 12, ciphertext, tag 16.

#include "core/crypto/crypto.hpp"
#include "core/secret/keys.hpp"

namespace cpns::store {

/// Version of tables, columns and row keys as places of sealed values. Stored under every seal: it changes only with a
/// migration that opens and seals again what it moves, not with every version of a database.
inline constexpr std::uint16_t kSealingSchema = 1;
inline constexpr std::size_t kSealOverhead = 1 + crypto::kGcmNonceSize + crypto::kGcmTagSize;

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

  template <std::size_t N, class Tag>
  [[nodiscard]] Bytes seal(const Place& place, const secret::SecretBytes<N, Tag>& value, crypto::Random& random) const {
    return seal(place, value.reveal(secret::SecretAccess{}), random);
  }
  /// Opens a key of fixed length. Fails with `sealed_value_does_not_open`, for another length too.
  template <class Secret>
  [[nodiscard]] Result<Secret> open_as(const Place& place, ByteView blob) const {
    CPNS_TRY(const auto opened, open(place, blob));
    if (opened.size() != Secret::kSize) {
      return Error{Code::sealed_value_does_not_open, std::to_string(opened.size()) + " bytes inside",
                   std::to_string(Secret::kSize) + " bytes"};
    }
    return Secret::make(
        [&](std::span<std::uint8_t, Secret::kSize> to) { std::memcpy(to.data(), opened.view().data(), to.size()); });
  }

 private:
  secret::MasterKey key_;
};

}  // namespace cpns::store
