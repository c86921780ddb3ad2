#pragma once
// Sealing of secrets at rest [V2]: AES-256-GCM under a master key, a fresh random 12-byte nonce for each value, bound
// to the place it stands in: sealing schema, table, column and row are the associated data, so that a sealed value
// moved to another row or column does not open.
//
//   blob:  version 2, 1 byte | number of the master key, 2 bytes | nonce 12 | ciphertext | tag 16
//
// Version 1 had no number: its master key is number 1.

#include <map>
#include <memory>
#include <mutex>

#include "core/crypto/crypto.hpp"
#include "core/secret/keys.hpp"

namespace cpns::store {

/// Version of tables, columns and row keys as places of sealed values. Stored under every seal: it changes only with a
/// migration that opens and seals again what it moves, not with every version of a database.
inline constexpr std::uint16_t kSealingSchema = 1;
inline constexpr std::size_t kSealOverhead = 1 + 2 + crypto::kGcmNonceSize + crypto::kGcmTagSize;

/// Master keys are numbered 1, 2, ... in the order in which they were made; the highest seals.
using KeyNumber = std::uint16_t;
inline constexpr KeyNumber kFirstKey = 1;

/// Where a sealed value stands.
struct Place {
  std::string_view table;
  std::string_view column;
  ByteView row;  ///< primary key of the row
};

/// Holds every master key that some value may be sealed under. Thread-safe.
class Sealer {
 public:
  /// With one key, number 1.
  explicit Sealer(secret::MasterKey key);
  /// `keys` is not empty.
  explicit Sealer(std::map<KeyNumber, secret::MasterKey> keys);

  [[nodiscard]] Bytes seal(const Place& place, ByteView plaintext, crypto::Random& random) const;
  /// Fails with `sealed_value_does_not_open`, or `master_key_unknown` where its key is not here.
  [[nodiscard]] Result<secret::SecretBuffer> open(const Place& place, ByteView blob) const;

  /// The number that values are sealed under.
  [[nodiscard]] KeyNumber current() const;
  [[nodiscard]] std::vector<KeyNumber> numbers() const;
  /// One more key; the highest number seals from now on.
  void add(KeyNumber number, secret::MasterKey key);
  /// Values under that key do not open any more. The current one stays.
  void forget(KeyNumber number);
  /// The number in a sealed value, 0 where it is none. Nothing is opened.
  [[nodiscard]] static KeyNumber number_of(ByteView blob) noexcept;

  template <std::size_t N, class Tag>
  [[nodiscard]] Bytes seal(const Place& place, const secret::SecretBytes<N, Tag>& value, crypto::Random& random) const {
    return seal(place, value.reveal(secret::SecretAccess{}), random);
  }
  /// Opens a key of fixed length. Fails like `open`, with `sealed_value_does_not_open` for another length too.
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
  using Key = std::shared_ptr<const secret::MasterKey>;
  struct Numbered {
    KeyNumber number = 0;
    Key key;
  };
  [[nodiscard]] Numbered newest() const;
  [[nodiscard]] Key find(KeyNumber number) const;

  mutable std::mutex mutex_;
  std::map<KeyNumber, Key> keys_;
};

}  // namespace cpns::store
