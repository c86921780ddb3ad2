#pragma once
// The rows that the server's two stores share, under one lock.

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "store/audit_store.hpp"
#include "store/device_store.hpp"
#include "store/gateway_store.hpp"
#include "store/seal_store.hpp"
#include "store/token_store.hpp"

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
  std::atomic<std::uint64_t> commits{0};  ///< writes that ended, refused ones too
  std::map<ids::AssignmentId, DeviceRow> devices;
  std::map<ids::CmDeviceId, ids::AssignmentId> by_cm_device_id;
  std::map<ids::PnGwId, std::set<ids::AssignmentId>> by_gateway;
  std::map<ids::PnGwId, GatewayInfo> gateways;  ///< device_count is counted when asked for
  std::map<TokenId, TokenRow> tokens;
  const audit::Chain* chain = nullptr;  ///< without it nothing is recorded
  std::vector<audit::Stored> records;
  ResealProgress resealed;
  std::map<std::string, OperatorToken> operator_tokens;  ///< by name

  [[nodiscard]] audit::Head audit_head() const {
    return records.empty() ? audit::Head{} : audit::Head{records.back().sequence, records.back().link};
  }
  /// What a verb has done. Under the lock.
  void record(const audit::Event& event) {
    if (chain != nullptr) records.push_back(chain->append(audit_head(), event));
  }

  /// Calls `act(DeviceRow&)` for each device and pending assignment of one PN GW. Under the lock.
  template <class Act>
  void for_each_of(const ids::PnGwId& gateway, Act&& act) {
    const auto found = by_gateway.find(gateway);
    if (found == by_gateway.end()) return;
    for (const auto& id : found->second) act(devices.at(id));
  }
  /// Erases one pending assignment. Under the lock.
  void erase_pending(const ids::AssignmentId& id) {
    const auto row = devices.find(id);
    by_gateway.at(row->second.info.pn_gw_id).erase(id);
    devices.erase(row);
  }
  /// Erases the pending assignments of one PN GW for which `ended(DeviceInfo)` says so. Under the lock.
  template <class Ended>
  void erase_pending_of(const ids::PnGwId& gateway, Ended&& ended) {
    std::vector<ids::AssignmentId> dead;
    for_each_of(gateway, [&](const DeviceRow& row) {
      if (row.info.state == DeviceState::Pending && ended(row.info)) dead.push_back(row.info.assignment_id);
    });
    for (const auto& id : dead) erase_pending(id);
  }
  /// Pending renewals of one ID go. Under the lock.
  void erase_pending_renewals(const ids::CmDeviceId& old_id) {
    std::vector<ids::AssignmentId> dead;
    for (const auto& [id, row] : devices) {
      if (row.info.state == DeviceState::Pending && row.info.renews == old_id) dead.push_back(id);
    }
    for (const auto& id : dead) erase_pending(id);
  }
  /// One that is active or later. Under the lock.
  void erase_device(const ids::CmDeviceId& id) {
    erase_pending_renewals(id);
    erase_pending(by_cm_device_id.at(id));
    by_cm_device_id.erase(id);
  }
  /// The device first, then the IDs of the same key's life; empty where there is no such device. Under the lock.
  [[nodiscard]] std::vector<ids::CmDeviceId> kin_of(const ids::CmDeviceId& id) const {
    const auto own = by_cm_device_id.find(id);
    if (own == by_cm_device_id.end()) return {};
    const auto& renews = devices.at(own->second).info.renews;
    const auto root = renews ? *renews : id;
    std::vector<ids::CmDeviceId> kin{id};
    for (const auto& [other, at] : by_cm_device_id) {
      const auto& info = devices.at(at).info;
      if (other != id && (other == root || info.renews == root || info.renews == id)) kin.push_back(other);
    }
    return kin;
  }
  /// State of a PN GW, nullopt where it is not known. Under the lock.
  [[nodiscard]] std::optional<GatewayState> gateway_state(const ids::PnGwId& id) const {
    const auto found = gateways.find(id);
    return found == gateways.end() ? std::nullopt : std::optional(found->second.state);
  }
};

}  // namespace cpns::store::memory
