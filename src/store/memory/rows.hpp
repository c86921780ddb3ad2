#pragma once
// The rows that the server's two stores share, under one lock.

#include <map>
#include <mutex>

#include "store/device_store.hpp"
#include "store/gateway_store.hpp"

namespace cpns::store::memory {

struct DeviceRow {
  DeviceInfo info;
  Bytes sealed_key_seed;
  std::array<std::uint8_t, 32> confirm_digest{};
  Bytes complete_message;
};

struct TokenRow {
  ids::PnGwId pn_gw_id;
  Bytes sealed_secret;
  ids::UnixTime expires_at;
};

struct Rows {
  std::mutex mutex;
  std::map<ids::AssignmentId, DeviceRow> devices;
  std::map<ids::CmDeviceId, ids::AssignmentId> by_cm_device_id;
  std::map<ids::PnGwId, GatewayInfo> gateways;  ///< device_count is counted when asked for
  std::map<TokenId, TokenRow> tokens;

  /// State of a PN GW, nullopt where it is not known. Under the lock.
  [[nodiscard]] std::optional<GatewayState> gateway_state(const ids::PnGwId& id) const {
    const auto found = gateways.find(id);
    return found == gateways.end() ? std::nullopt : std::optional(found->second.state);
  }
};

}  // namespace cpns::store::memory
