#pragma once
// The kernel's keyring as a place of the sealing key.

#include <optional>

#include "core/base/result.hpp"
#include "core/secret/keys.hpp"

namespace cpns::store::keys {

inline constexpr const char* kKeyringName = "cpns:local-seal";

/// The key of that name and type `user`, from the session's keyring or the user's; nullopt where there is none, or no
/// keyring at all. Fails with `local_seal_unusable` where it is there and is not 32 bytes or may not be read.
[[nodiscard]] Result<std::optional<secret::LocalSealKey>> key_in_keyring();

}  // namespace cpns::store::keys
