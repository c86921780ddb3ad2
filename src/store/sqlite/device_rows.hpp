#pragma once
// How devices stand in their table; shared by the reads and writes of SqliteDeviceStore.

#include "store/device_store.hpp"
#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {

/// The columns that `read_device_info` takes, in its order, from column 0 on.
#define CPNS_DEVICE_INFO_COLUMNS                                                                           \
  "assignment_id, correlation_id, pn_gw_id, device_name, state, cm_device_id, created_at, pending_until, " \
  "activated_at, expires_at, in_use_at, revoked_at, renews, renew_by, exempted_at"
inline constexpr int kDeviceInfoColumns = 15;
/// The greatest state that is stored.
inline constexpr auto kLastStoredState = DeviceState::Renewing;

[[nodiscard]] inline Result<DeviceInfo> read_device_info(const Statement& row) {
  CPNS_TRY(const auto assignment_id, row.id<ids::AssignmentId>(0));
  CPNS_TRY(const auto correlation_id, row.id<ids::CorrelationId>(1));
  CPNS_TRY(auto pn_gw_id, row.id<ids::PnGwId>(2));
  CPNS_TRY(auto device_name, row.id<ids::DeviceName>(3));
  CPNS_TRY(const auto state, row.state(4, kLastStoredState));
  std::optional<ids::CmDeviceId> cm_device_id;
  if (!row.is_null(5)) {
    CPNS_TRY(cm_device_id, row.id<ids::CmDeviceId>(5));
  }
  std::optional<ids::CmDeviceId> renews;
  if (!row.is_null(12)) {
    CPNS_TRY(renews, row.id<ids::CmDeviceId>(12));
  }
  return DeviceInfo{.assignment_id = assignment_id,
                    .correlation_id = correlation_id,
                    .pn_gw_id = std::move(pn_gw_id),
                    .device_name = std::move(device_name),
                    .state = state,
                    .cm_device_id = cm_device_id,
                    .created_at = row.time(6),
                    .pending_until = row.time(7),
                    .activated_at = row.optional_time(8),
                    .expires_at = row.optional_time(9),
                    .in_use_at = row.optional_time(10),
                    .revoked_at = row.optional_time(11),
                    .renews = renews,
                    .renew_by = row.optional_time(13),
                    .exempted_at = row.optional_time(14)};
}

}  // namespace cpns::store::sqlite
