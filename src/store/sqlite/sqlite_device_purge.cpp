// Rows of devices that ended long ago: looked at again and erased, a few in each transaction.

#include "store/audit_events.hpp"
#include "store/rules.hpp"
#include "store/sqlite/device_rows.hpp"
#include "store/sqlite/sqlite_device_store.hpp"

namespace cpns::store::sqlite {
namespace {

Result<bool> all_over(Statement rows, const Purge& purge) {
  for (;;) {
    CPNS_TRY(const bool more, rows.step());
    if (!more) return true;
    CPNS_TRY(const auto info, read_device_info(rows));
    if (rules::ending(info, purge.before, purge.now) != rules::Ending::Over) return false;
  }
}

/// The row of `id`, where it is over; nothing where it is gone, or not over.
Result<std::optional<DeviceInfo>> row_that_is_over(Connection& connection, const ids::CmDeviceId& id,
                                                   const Purge& purge) {
  CPNS_TRY(auto row, connection.query("SELECT " CPNS_DEVICE_INFO_COLUMNS " FROM devices WHERE cm_device_id = ?", id));
  CPNS_TRY(const bool found, row.step());
  if (!found) return std::optional<DeviceInfo>();
  CPNS_TRY(auto info, read_device_info(row));
  if (rules::ending(info, purge.before, purge.now) != rules::Ending::Over) return std::optional<DeviceInfo>();
  return std::optional(std::move(info));
}

/// Renewals of it, pending ones too, and the one that it renews: whichever is alive needs the other's row [R2, R3].
Result<bool> kin_is_over(Connection& connection, const DeviceInfo& device, const Purge& purge) {
  CPNS_TRY(auto rows,
           connection.query("SELECT " CPNS_DEVICE_INFO_COLUMNS " FROM devices WHERE renews = ?1 OR cm_device_id = ?2",
                            *device.cm_device_id, device.renews));
  return all_over(std::move(rows), purge);
}

}  // namespace

void SqliteDeviceStore::purge(std::shared_ptr<Purge> purge, Done done) {
  const auto erase = [purge, &writer = writer_](Connection& connection) -> Result<void> {
    for (const auto& id : purge->ids) {
      CPNS_TRY(const auto device, row_that_is_over(connection, id, *purge));
      if (!device) continue;
      CPNS_TRY(const bool free, kin_is_over(connection, *device, *purge));
      if (!free) {
        ++purge->kept;
        continue;
      }
      purge->erased.push_back(id);
      if (purge->dry) continue;
      CPNS_CHECK(connection.run("DELETE FROM devices WHERE cm_device_id = ?", id));
      CPNS_CHECK(writer.record(events::purged(id, purge->before, purge->now)));
    }
    return {};
  };
  writer_.submit(erase, std::move(done));
}

}  // namespace cpns::store::sqlite
