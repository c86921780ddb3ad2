// What becomes of devices that are active, as in sqlite_device_life.cpp.

#include "store/audit_events.hpp"
#include "store/memory/finish.hpp"
#include "store/memory/memory_device_store.hpp"
#include "store/rules.hpp"

namespace cpns::store::memory {

void MemoryDeviceStore::raw_mark_in_use(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    auto* row = row_of(id);
    const auto state = row == nullptr ? std::nullopt : std::optional(row->info.state);
    if (state == DeviceState::Renewing) return {};
    CPNS_TRY(const bool changes, rules::check_change(state, DeviceState::InUse, id));
    if (!changes) return {};
    rows_.record(events::in_use(id, when));
    for (const auto& other : rows_.kin_of(id)) {
      if (other == id) continue;
      rows_.erase_device(other);
      rows_.record(events::erased(other, when, id.text() + " is in use"));
    }
    row->info.state = DeviceState::InUse;
    row->info.in_use_at = when;
    row->info.renews.reset();
    return {};
  });
}

void MemoryDeviceStore::raw_revoke(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    const auto kin = rows_.kin_of(id);
    if (kin.empty()) return Error{Code::device_not_found, id.text(), "a device of this server"};
    for (const auto& other : kin) {
      auto* row = row_of(other);
      CPNS_TRY(const bool changes, rules::check_change(row->info.state, DeviceState::Revoked, other));
      if (!changes) continue;
      rows_.erase_pending_renewals(other);
      rows_.record(events::device_revoked(other, when));
      row->info.state = DeviceState::Revoked;
      row->info.revoked_at = when;
    }
    return {};
  });
}

void MemoryDeviceStore::revoke_before(ids::UnixTime before, ids::UnixTime when, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    for (const auto& [gateway, ids] : rows_.by_gateway) {
      rows_.erase_pending_of(gateway, [&](const DeviceInfo& info) { return info.created_at < before; });
    }
    for (auto& [id, row] : rows_.devices) {
      if (!life::may_connect(row.info.state) || *row.info.activated_at >= before) continue;
      row.info.state = DeviceState::Revoked;
      row.info.revoked_at = when;
    }
    rows_.record(events::revoked_before(before, when));
    return {};
  });
}

void MemoryDeviceStore::erase(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    const auto kin = rows_.kin_of(id);
    if (kin.empty()) return Error{Code::device_not_found, id.text(), "a device of this server"};
    for (const auto& other : kin) {
      rows_.erase_device(other);
      rows_.record(events::erased(other, when, "asked for"));
    }
    return {};
  });
}

void MemoryDeviceStore::exempt(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    auto* row = row_of(id);
    if (row == nullptr) return Error{Code::device_not_found, id.text(), "a device of this server"};
    if (row->info.state == DeviceState::Revoked) {
      return Error{Code::device_is_revoked, id.text(), "a device that is not revoked"};
    }
    row->info.renew_by.reset();
    row->info.exempted_at = when;
    rows_.record(events::exempted(id, when));
    return {};
  });
}

}  // namespace cpns::store::memory
