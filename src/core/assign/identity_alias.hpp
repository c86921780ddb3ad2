#pragma once
// The identity alias [T5]: base64url of version byte, key number byte, 12-byte nonce, AES-256-GCM(CM Device ID) under
// an alias key that only servers hold. Version and key number are the associated data.

#include <map>

#include "core/crypto/crypto.hpp"
#include "core/ids/ids.hpp"
#include "core/secret/keys.hpp"

namespace cpns::assign {

/// The servers' alias keys by number; `current` makes new aliases, all open old ones. Immutable, thread-safe.
class AliasKeys {
 public:
  AliasKeys(std::uint8_t current, std::map<std::uint8_t, secret::AliasKey> keys)
      : current_(current), keys_(std::move(keys)) {}

  /// A fresh alias for `id`: two never look alike.
  [[nodiscard]] ids::IdentityAlias make(const ids::CmDeviceId& id, crypto::Random& random) const;
  /// Fails with `identity_alias_malformed`, `identity_alias_does_not_open`.
  [[nodiscard]] Result<ids::CmDeviceId> open(std::string_view alias) const;

 private:
  std::uint8_t current_;
  std::map<std::uint8_t, secret::AliasKey> keys_;
};

}  // namespace cpns::assign
