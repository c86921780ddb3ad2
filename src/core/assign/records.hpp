#pragma once
// What sessions ask stores to keep. Plain data with secrets inside, therefore move-only.

#include <optional>
#include <vector>

#include "core/ids/ids.hpp"
#include "core/secret/keys.hpp"

namespace cpns::assign {

/// Step 1: kept by the Server, sealed, in state *pending* [S1].
struct PendingAssignment {
  ids::AssignmentId assignment_id;
  ids::CorrelationId correlation_id;
  ids::PnGwId pn_gw_id;  ///< as the operator link authenticated it [K3]
  ids::DeviceName device_name;
  secret::KeySeed key_seed;
  ids::UnixTime created_at;
  ids::UnixTime pending_until;              ///< [S6]
  std::optional<ids::CmDeviceId> renews{};  ///< the ID that this one is to take the place of [R1]
};

/// Step 9: turns a pending assignment active [S4] and keeps what a repeated step 8 needs [S5, S12].
struct Activation {
  ids::AssignmentId assignment_id;
  ids::PnGwId pn_gw_id;
  ids::CmDeviceId cm_device_id;
  std::array<std::uint8_t, 32> confirm_digest;  ///< SHA-256 of step 8's message
  Bytes complete_message;                       ///< step 10 as sent; holds no secret
  ids::UnixTime activated_at;
  ids::UnixTime expires_at;
  std::optional<ids::UnixTime> renew_by{};  ///< of a first key: it ends then, unless it was renewed [R6]
};

/// What step 11 hands to the device, and what it keeps.
struct Credential {
  ids::CmDeviceId cm_device_id;
  secret::CmDeviceKey cm_device_key;
  ids::ServerId server_id;
  ids::PnGwId pn_gw_id;
  ids::IdentityAlias identity_alias;
  ids::UnixTime expires_at;
  std::vector<ids::Endpoint> endpoints;  ///< 1-8 places where a direct link may be opened

  [[nodiscard]] Credential duplicate() const {
    return {cm_device_id, cm_device_key.duplicate(), server_id, pn_gw_id, identity_alias, expires_at, endpoints};
  }
};

}  // namespace cpns::assign
