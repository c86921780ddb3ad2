#include "store/keys/keyring.hpp"

#include <keyutils.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace cpns::store::keys {
namespace {

/// 0 where there is none.
key_serial_t find_in_keyrings() {
  for (const auto ring : {KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING}) {
    const auto found = ::keyctl_search(ring, "user", kKeyringName, 0);
    if (found > 0) return static_cast<key_serial_t>(found);
  }
  return 0;
}

}  // namespace

Result<std::optional<secret::LocalSealKey>> key_in_keyring() {
  using secret::LocalSealKey;
  const auto serial = find_in_keyrings();
  if (serial == 0) return std::optional<LocalSealKey>();
  secret::SecretBuffer content(LocalSealKey::kSize + 1);
  const auto size = ::keyctl_read(serial, reinterpret_cast<char*>(content.writable().data()), content.size());
  if (size != static_cast<long>(LocalSealKey::kSize)) {
    return Error{Code::local_seal_unusable,
                 std::string(kKeyringName) + " in the kernel keyring: " +
                     (size < 0 ? std::generic_category().message(errno) : std::to_string(size) + " bytes"),
                 "32 bytes that this user may read"};
  }
  return std::optional(LocalSealKey::make([&](auto to) { std::memcpy(to.data(), content.view().data(), to.size()); }));
}

}  // namespace cpns::store::keys
