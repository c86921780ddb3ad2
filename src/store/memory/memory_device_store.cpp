#include "store/memory/memory_device_store.hpp"

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

void MemoryDeviceStore::raw_insert(Row row, Quota quota, Done done) {
  finish(rows_.mutex, done, after_commit, [&]() -> Result<void> {
    const auto now = row.info.created_at;
    const auto& gateway = row.info.pn_gw_id;
    CPNS_CHECK(rules::check_not_revoked(rows_.gateway_state(gateway), gateway));
    rows_.erase_pending_of(gateway, [&](const DeviceInfo& info) { return rules::is_over(info.pending_until, now); });
    rules::Usage usage{};
    rows_.for_each_of(gateway, [&](const DeviceRow& other) {
      if (is_pending(other)) {
        ++usage.pending;
      } else if (other.info.state != DeviceState::Revoked && !rules::is_over(*other.info.expires_at, now)) {
        ++usage.devices;
      }
    });
    CPNS_CHECK(rules::check_quota(usage, quota));
    const auto id = row.info.assignment_id;
    if (rows_.devices.contains(id)) return rules::row_exists("assignment", id.hex());
    rows_.by_gateway[gateway].insert(id);
    rows_.devices.emplace(id, DeviceRow{std::move(row.info), std::move(row.sealed_key_seed), {}, {}});
    return {};
  });
}

void MemoryDeviceStore::raw_activate(assign::Activation activation, Done done) {
  finish(rows_.mutex, done, after_commit, [&]() -> Result<void> {
    std::optional<rules::FoundAssignment> found;
    const auto at = rows_.devices.find(activation.assignment_id);
    if (at != rows_.devices.end()) {
      const auto& info = at->second.info;
      found = rules::FoundAssignment{info.pn_gw_id.text(), info.state, info.pending_until};
    }
    CPNS_CHECK(rules::check_activation(found, activation));
    if (!rows_.by_cm_device_id.emplace(activation.cm_device_id, activation.assignment_id).second) {
      return rules::row_exists("device", activation.cm_device_id.text());
    }
    auto& row = at->second;
    row.info.state = DeviceState::Active;
    row.info.cm_device_id = activation.cm_device_id;
    row.info.activated_at = activation.activated_at;
    row.info.expires_at = activation.expires_at;
    row.confirm_digest = activation.confirm_digest;
    row.complete_message = std::move(activation.complete_message);
    return {};
  });
}

void MemoryDeviceStore::raw_erase_pending(ids::AssignmentId id, Done done) {
  finish(rows_.mutex, done, after_commit, [&]() -> Result<void> {
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

void MemoryDeviceStore::raw_mark_in_use(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  finish(rows_.mutex, done, after_commit, [&]() -> Result<void> {
    auto* row = row_of(id);
    const auto state = row == nullptr ? std::nullopt : std::optional(row->info.state);
    CPNS_TRY(const bool changes, rules::check_change(state, DeviceState::InUse, id));
    if (!changes) return {};
    row->info.state = DeviceState::InUse;
    row->info.in_use_at = when;
    return {};
  });
}

void MemoryDeviceStore::raw_revoke(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  finish(rows_.mutex, done, after_commit, [&]() -> Result<void> {
    auto* row = row_of(id);
    const auto state = row == nullptr ? std::nullopt : std::optional(row->info.state);
    CPNS_TRY(const bool changes, rules::check_change(state, DeviceState::Revoked, id));
    if (!changes) return {};
    row->info.state = DeviceState::Revoked;
    row->info.revoked_at = when;
    return {};
  });
}

}  // namespace cpns::store::memory
