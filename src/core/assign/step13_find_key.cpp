// Step 13, S: finds the Key Seed by the ID, derives the CM Device Key, then the PSK. An identity that is unknown,
// revoked or expired gets a random seed and the same derivations: the binder then fails as a wrong key's does [T2].

#include "core/assign/direct_link.hpp"

namespace cpns::assign {
namespace {

std::optional<Error> refusal_of(const Result<std::optional<DeviceFound>>& found) {
  if (!found) return found.error();
  if (!found.value())
    return Error{Code::device_identity_unknown, "an identity that no device here has", "an assigned one"};
  const auto text = found.value()->cm_device_id.text();
  switch (found.value()->standing) {
    case DeviceStanding::Good:
      return std::nullopt;
    case DeviceStanding::Revoked:
      return Error{Code::device_identity_revoked, text, "a device that is not revoked"};
    case DeviceStanding::Expired:
      return Error{Code::device_identity_expired, text, "a device whose key has not expired"};
    case DeviceStanding::NeverRenewed:
      return Error{Code::device_never_renewed, text, "a first key that was renewed in time"};
    case DeviceStanding::Unknown:
      break;
  }
  return Error{Code::device_identity_unknown, text, "an assigned one"};
}

}  // namespace

KeyFound find_key(Result<std::optional<DeviceFound>> found, const ids::ServerId& server_id, crypto::Random& random) {
  auto refusal = refusal_of(found);
  // Both are made, whichever is used, so that the work does not tell which it was.
  const auto decoy = secret::KeySeed::make([&](std::span<std::uint8_t, 32> to) { random.fill(to); });
  const ids::CmDeviceId decoy_id(random.bytes<ids::CmDeviceId::kSize>());
  const bool good = !refusal;
  const auto& seed = good ? found.value()->key_seed : decoy;
  const auto& id = good ? found.value()->cm_device_id : decoy_id;
  return {derive_tls_psk(derive_cm_device_key(derive_prk(seed), id), server_id), std::move(refusal)};
}

}  // namespace cpns::assign
