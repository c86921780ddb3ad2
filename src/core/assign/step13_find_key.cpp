// Step 13, S: finds the Key Seed by the ID, derives the CM Device Key, then the PSK. An identity that is unknown,
// revoked or expired gets a random seed and the same derivations: the binder then fails as a wrong key's does [T2].

#include "core/assign/direct_link.hpp"

namespace cpns::assign {
namespace {

struct Refusal {
  Code code;
  std::string_view got, expected;  ///< `got` after the ID
};
// By DeviceStanding. The first is made and dropped, so that a device in good standing takes no less time [T2].
constexpr std::array<Refusal, 5> kRefusals{{
    {Code::device_identity_unknown, " in good standing", "any other"},
    {Code::device_identity_unknown, " that no device here has", "an assigned one"},
    {Code::device_identity_revoked, " revoked", "a device that is not revoked"},
    {Code::device_identity_expired, " expired", "a device whose key has not expired"},
    {Code::device_never_renewed, " never renewed", "a first key that was renewed in time"},
}};
static_assert(static_cast<std::size_t>(DeviceStanding::NeverRenewed) + 1 == kRefusals.size());

std::optional<Error> refusal_of(const Result<std::optional<DeviceFound>>& found) {
  if (!found) return found.error();
  if (!found.value())
    return Error{Code::device_identity_unknown, "an identity that no device here has", "an assigned one"};
  const auto& device = *found.value();
  const auto& [code, got, expected] = kRefusals.at(static_cast<std::size_t>(device.standing));
  std::optional<Error> refusal = Error{code, device.cm_device_id.text() + std::string(got), std::string(expected)};
  if (device.standing == DeviceStanding::Good) refusal.reset();
  return refusal;
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
