#include "store/device_store.hpp"

#include "store/places.hpp"

namespace cpns::store {

void DeviceStore::begin(assign::PendingAssignment pending, Quota quota, Done done) {
  auto sealed = sealer_.seal(key_seed_place(pending.assignment_id), pending.key_seed, random_);
  Row row{DeviceInfo{.assignment_id = pending.assignment_id,
                     .correlation_id = pending.correlation_id,
                     .pn_gw_id = std::move(pending.pn_gw_id),
                     .device_name = std::move(pending.device_name),
                     .state = DeviceState::Pending,
                     .cm_device_id = {},
                     .created_at = pending.created_at,
                     .pending_until = pending.pending_until,
                     .activated_at = {},
                     .expires_at = {},
                     .in_use_at = {},
                     .revoked_at = {},
                     .renews = pending.renews},
          std::move(sealed)};
  raw_insert(std::move(row), quota, std::move(done));
}

void DeviceStore::activate(assign::Activation activation, Done done) {
  raw_activate(std::move(activation), std::move(done));
}

void DeviceStore::erase_pending(ids::AssignmentId id, Done done) { raw_erase_pending(id, std::move(done)); }

Result<std::optional<Device>> DeviceStore::find(const ids::CmDeviceId& id) { return opened(raw_find(id)); }

Result<std::optional<Device>> DeviceStore::find_in_stead(const ids::CmDeviceId& stranger,
                                                         const ids::CmDeviceId& stand_in) {
  return opened(raw_find_in_stead(stranger, stand_in));
}

Result<std::optional<Device>> DeviceStore::opened(Result<std::optional<Row>> found) const {
  CPNS_TRY(auto row, std::move(found));
  if (!row) return std::optional<Device>();
  CPNS_TRY(auto key_seed,
           sealer_.open_as<secret::KeySeed>(key_seed_place(row->info.assignment_id), row->sealed_key_seed));
  return std::optional<Device>(Device{std::move(row->info), std::move(key_seed)});
}

void DeviceStore::mark_in_use(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  raw_mark_in_use(id, when, std::move(done));
}

void DeviceStore::revoke(ids::CmDeviceId id, ids::UnixTime when, Done done) { raw_revoke(id, when, std::move(done)); }

}  // namespace cpns::store
