#include "store/memory/memory_device_store.hpp"

#include <algorithm>

#include "store/audit_events.hpp"
#include "store/memory/finish.hpp"
#include "store/rules.hpp"

namespace cpns::store::memory {
namespace {

bool is_pending(const DeviceRow& row) { return row.info.state == DeviceState::Pending; }

}  // namespace

DeviceRow* MemoryDeviceStore::row_of(const ids::CmDeviceId& id) {
  const auto found = rows_.by_cm_device_id.find(id);
  return found == rows_.by_cm_device_id.end() ? nullptr : &rows_.devices.at(found->second);
}

// [R1] And makes room: one pending renewal of an ID, a few that are active and were never used.
Result<void> MemoryDeviceStore::prepare_renewal(const DeviceInfo& info) {
  const auto* old = row_of(*info.renews);
  std::optional<rules::FoundPredecessor> found;
  if (old != nullptr) found = {old->info.pn_gw_id.text(), old->info.state_at(info.created_at)};
  CPNS_CHECK(rules::check_renewal(found, *info.renews, info.pn_gw_id));
  rows_.erase_pending_renewals(*info.renews);
  std::vector<std::pair<ids::UnixTime, ids::CmDeviceId>> unused;
  for (const auto& [id, at] : rows_.by_cm_device_id) {
    const auto& other = rows_.devices.at(at).info;
    if (other.renews == info.renews && other.state == DeviceState::Active) unused.emplace_back(other.created_at, id);
  }
  std::sort(unused.begin(), unused.end());
  for (std::size_t i = 0; i + rules::kMaxUnusedSuccessors <= unused.size(); ++i) rows_.erase_device(unused[i].second);
  return {};
}

void MemoryDeviceStore::raw_insert(Row row, Quota quota, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    const auto now = row.info.created_at;
    const auto& gateway = row.info.pn_gw_id;
    CPNS_CHECK(rules::check_not_revoked(rows_.gateway_state(gateway), gateway));
    if (const auto known = rows_.gateways.find(gateway); known != rows_.gateways.end() && !row.info.renews) {
      quota.devices = known->second.device_quota;
    }
    rows_.erase_pending_of(gateway, [&](const DeviceInfo& info) { return rules::is_over(info.pending_until, now); });
    rules::Usage usage{};
    rows_.for_each_of(gateway, [&](const DeviceRow& other) {
      if (is_pending(other)) {
        ++usage.pending;
      } else if (life::may_connect(other.info.state_at(now)) &&
                 (other.info.state != DeviceState::Active || !other.info.renews)) {
        ++usage.devices;
      }
    });
    if (row.info.renews) {
      CPNS_CHECK(prepare_renewal(row.info));
      usage.devices = 0;  // it adds none
    }
    CPNS_CHECK(rules::check_quota(usage, quota));
    const auto id = row.info.assignment_id;
    if (rows_.devices.contains(id)) return rules::row_exists("assignment", id.hex());
    rows_.by_gateway[gateway].insert(id);
    rows_.devices.emplace(id, DeviceRow{std::move(row.info), std::move(row.sealed_key_seed), {}, {}});
    return {};
  });
}

void MemoryDeviceStore::raw_activate(assign::Activation activation, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    std::optional<rules::FoundAssignment> found;
    const auto at = rows_.devices.find(activation.assignment_id);
    if (at != rows_.devices.end()) {
      const auto& info = at->second.info;
      found = rules::FoundAssignment{info.pn_gw_id.text(), info.state, info.pending_until};
    }
    CPNS_CHECK(rules::check_activation(found, activation));
    if (const auto& renews = at->second.info.renews) {
      auto* old = row_of(*renews);
      if (old == nullptr || !life::may_connect(old->info.state)) {
        return Error{Code::assignment_not_pending, "a renewal of " + renews->text() + ", which is gone or revoked",
                     "a device that may connect"};
      }
      old->info.state = DeviceState::Renewing;
    }
    if (!rows_.by_cm_device_id.emplace(activation.cm_device_id, activation.assignment_id).second) {
      return rules::row_exists("device", activation.cm_device_id.text());
    }
    auto& row = at->second;
    rows_.record(events::activated(activation, row.info.correlation_id, row.info.renews));
    row.info.state = DeviceState::Active;
    row.info.cm_device_id = activation.cm_device_id;
    row.info.activated_at = activation.activated_at;
    row.info.expires_at = activation.expires_at;
    row.info.renew_by = activation.renew_by;
    row.confirm_digest = activation.confirm_digest;
    row.complete_message = std::move(activation.complete_message);
    return {};
  });
}

void MemoryDeviceStore::raw_erase_pending(ids::AssignmentId id, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    const auto found = rows_.devices.find(id);
    if (found != rows_.devices.end() && is_pending(found->second)) rows_.erase_pending(id);
    return {};
  });
}

Result<std::size_t> MemoryDeviceStore::erase_all_pending() {
  const std::scoped_lock lock(rows_.mutex);
  const auto before = rows_.devices.size();
  for (const auto& [gateway, ids] : rows_.by_gateway) {
    rows_.erase_pending_of(gateway, [](const DeviceInfo&) { return true; });
  }
  return before - rows_.devices.size();
}

Result<std::optional<DeviceStore::Row>> MemoryDeviceStore::raw_find(const ids::CmDeviceId& id) {
  const std::scoped_lock lock(rows_.mutex);
  const auto* row = row_of(id);
  if (row == nullptr) return std::optional<Row>();
  return std::optional<Row>(Row{row->info, row->sealed_key_seed});
}

Result<std::optional<CompletedAssignment>> MemoryDeviceStore::find_completed(const ids::AssignmentId& id) {
  const std::scoped_lock lock(rows_.mutex);
  const auto found = rows_.devices.find(id);
  if (found == rows_.devices.end() || is_pending(found->second)) return std::optional<CompletedAssignment>();
  const auto& row = found->second;
  return std::optional<CompletedAssignment>(
      CompletedAssignment{row.info.pn_gw_id, row.confirm_digest, row.complete_message, row.info.state});
}

Result<std::optional<DeviceInfo>> MemoryDeviceStore::show(const ids::CmDeviceId& id) {
  const std::scoped_lock lock(rows_.mutex);
  const auto* row = row_of(id);
  if (row == nullptr) return std::optional<DeviceInfo>();
  return std::optional<DeviceInfo>(row->info);
}

Result<std::vector<DeviceInfo>> MemoryDeviceStore::list(std::optional<ids::AssignmentId> after, std::size_t limit) {
  const std::scoped_lock lock(rows_.mutex);
  std::vector<DeviceInfo> page;
  auto at = after ? rows_.devices.upper_bound(*after) : rows_.devices.begin();
  for (; at != rows_.devices.end() && page.size() < limit; ++at) page.push_back(at->second.info);
  return page;
}

Result<std::vector<ids::CmDeviceId>> MemoryDeviceStore::list_ids(std::optional<ids::CmDeviceId> after,
                                                                 std::size_t limit) {
  const std::scoped_lock lock(rows_.mutex);
  std::vector<ids::CmDeviceId> page;
  auto at = after ? rows_.by_cm_device_id.upper_bound(*after) : rows_.by_cm_device_id.begin();
  for (; at != rows_.by_cm_device_id.end() && page.size() < limit; ++at) page.push_back(at->first);
  return page;
}

Result<std::vector<ids::CmDeviceId>> MemoryDeviceStore::kin(const ids::CmDeviceId& id) {
  const std::scoped_lock lock(rows_.mutex);
  auto found = rows_.kin_of(id);
  if (found.empty()) return Error{Code::device_not_found, id.text(), "a device of this server"};
  return found;
}

Result<std::vector<ids::CmDeviceId>> MemoryDeviceStore::list_ids_of(const ids::PnGwId& id) {
  const std::scoped_lock lock(rows_.mutex);
  std::vector<ids::CmDeviceId> found;
  for (const auto& [device, at] : rows_.by_cm_device_id) {
    if (rows_.devices.at(at).info.pn_gw_id == id) found.push_back(device);
  }
  return found;
}

}  // namespace cpns::store::memory
