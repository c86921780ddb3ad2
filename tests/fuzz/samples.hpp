#pragma once
// One valid value of each kind, the same in every run.

#include "core/assign/identity_alias.hpp"
#include "core/assign/wire.hpp"
#include "fuzz/fuzz.hpp"

namespace cpns::fuzz {

inline ids::CorrelationId sample_correlation_id() { return ids::CorrelationId({1, 2, 3, 4, 5, 6, 7, 8}); }
inline ids::AssignmentId sample_assignment_id() {
  return ids::AssignmentId(
      {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f});
}
inline ids::CmDeviceId sample_cm_device_id() {
  return ids::CmDeviceId(
      {0x17, 0x92, 0xea, 0xee, 0x31, 0x5b, 0x1f, 0x2e, 0x00, 0x5a, 0x00, 0x33, 0x2e, 0x59, 0xc6, 0xa5});
}
inline ids::ServerId sample_server_id() { return ids::ServerId::parse("cpns.example.net").value(); }
inline ids::PnGwId sample_pn_gw_id() { return ids::PnGwId::parse("sip:alice@ims.example.net").value(); }
inline ids::DeviceName sample_device_name() { return ids::DeviceName::parse("tablet").value(); }
inline ids::Endpoint sample_endpoint() { return ids::Endpoint::parse("cpns.example.net:7443").value(); }
inline ids::Endpoint sample_endpoint6() { return ids::Endpoint::parse("[2001:db8::1]:7443").value(); }
inline ids::UnixTime sample_time() { return ids::UnixTime(std::chrono::seconds(1800000000)); }

/// Alias keys 1 and 2, of which 2 is current: those that the target `identity_alias` opens with.
inline assign::AliasKeys sample_alias_keys() {
  CountedRandom random;
  std::map<std::uint8_t, secret::AliasKey> keys;
  for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}}) {
    keys.emplace(number, secret::AliasKey::make([&](std::span<std::uint8_t, 32> out) { random.fill(out); }));
  }
  return {2, std::move(keys)};
}
inline ids::IdentityAlias sample_alias() {
  CountedRandom random;
  return sample_alias_keys().make(sample_cm_device_id(), random);
}

template <class Secret>
Secret sample_secret() {
  CountedRandom random;
  return Secret::make([&](auto out) { random.fill(out); });
}
inline assign::Credential sample_credential() {
  return {sample_cm_device_id(),
          sample_secret<secret::CmDeviceKey>(),
          sample_server_id(),
          sample_pn_gw_id(),
          sample_alias(),
          sample_time(),
          {sample_endpoint(), sample_endpoint6()}};
}

}  // namespace cpns::fuzz
