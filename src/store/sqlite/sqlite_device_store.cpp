#include "store/sqlite/sqlite_device_store.hpp"

#include <future>

#include "store/audit_events.hpp"
#include "store/rules.hpp"
#include "store/sqlite/device_rows.hpp"
#include "store/sqlite/gateway_rows.hpp"
#include "store/sqlite/read_ids.hpp"
#include "store/sync.hpp"

namespace cpns::store::sqlite {
namespace {

Result<rules::Usage> usage_of(Connection& connection, const ids::PnGwId& gateway, ids::UnixTime now) {
  CPNS_TRY(
      auto row,
      connection.query(
          "SELECT (SELECT count(*) FROM devices WHERE pn_gw_id = ?1 AND state = 1), "
          "(SELECT count(*) FROM devices WHERE pn_gw_id = ?1 AND state IN (2, 3, 5) AND (state <> 2 OR renews IS NULL) "
          "AND expires_at > ?2 AND (renew_by IS NULL OR renew_by > ?2))",
          gateway, now));
  CPNS_CHECK(row.step());
  return rules::Usage{row.count(0), row.count(1)};
}

/// [R1] And makes room: one pending renewal of an ID, a few that are active and were never used.
Result<void> prepare_renewal(Connection& connection, const DeviceInfo& info) {
  std::optional<rules::FoundPredecessor> found;
  {
    CPNS_TRY(auto row,
             connection.query("SELECT " CPNS_DEVICE_INFO_COLUMNS " FROM devices WHERE cm_device_id = ?", *info.renews));
    CPNS_TRY(const bool any, row.step());
    if (any) {
      CPNS_TRY(const auto old, read_device_info(row));
      found = rules::FoundPredecessor{old.pn_gw_id.text(), old.state_at(info.created_at)};
    }
  }
  CPNS_CHECK(rules::check_renewal(found, *info.renews, info.pn_gw_id));
  CPNS_CHECK(connection.run("DELETE FROM devices WHERE renews = ? AND state = 1", *info.renews));
  return connection.run(
      "DELETE FROM devices WHERE row_id IN (SELECT row_id FROM devices WHERE renews = ? AND state = 2 "
      "ORDER BY row_id DESC LIMIT -1 OFFSET ?)",
      *info.renews, rules::kMaxUnusedSuccessors - 1);
}

}  // namespace

void SqliteDeviceStore::raw_insert(Row row, Quota quota, Done done) {
  auto insert = [row = std::move(row), quota](Connection& connection) -> Result<void> {
    const auto& info = row.info;
    auto allowed = quota;
    CPNS_TRY(const auto gateway, gateway_standing(connection, info.pn_gw_id));
    if (gateway) {
      CPNS_CHECK(rules::check_not_revoked(gateway->state, info.pn_gw_id));
      if (!info.renews) allowed.devices = gateway->device_quota;
    }
    CPNS_CHECK(connection.run("DELETE FROM devices WHERE pn_gw_id = ? AND state = 1 AND pending_until <= ?",
                              info.pn_gw_id, info.created_at));
    CPNS_TRY(auto usage, usage_of(connection, info.pn_gw_id, info.created_at));
    if (info.renews) {
      CPNS_CHECK(prepare_renewal(connection, info));
      usage.devices = 0;  // it adds none
    }
    CPNS_CHECK(rules::check_quota(usage, allowed));
    return connection.run(
        "INSERT INTO devices (assignment_id, correlation_id, pn_gw_id, device_name, state, sealed_key_seed, "
        "created_at, "
        "pending_until, renews) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        info.assignment_id, info.correlation_id, info.pn_gw_id, info.device_name, info.state, row.sealed_key_seed,
        info.created_at, info.pending_until, info.renews);
  };
  writer_.submit(std::move(insert), std::move(done));
}

void SqliteDeviceStore::raw_activate(assign::Activation activation, Done done) {
  auto activate = [activation = std::move(activation), &writer = writer_](Connection& connection) -> Result<void> {
    std::optional<rules::FoundAssignment> found;
    std::optional<ids::CmDeviceId> renews;
    std::optional<ids::CorrelationId> run;
    {
      CPNS_TRY(auto row, connection.query("SELECT pn_gw_id, state, pending_until, renews, correlation_id FROM devices "
                                          "WHERE assignment_id = ?",
                                          activation.assignment_id));
      CPNS_TRY(const bool any, row.step());
      if (any) {
        CPNS_TRY(const auto state, row.state(1, kLastStoredState));
        if (!row.is_null(3)) {
          CPNS_TRY(renews, row.id<ids::CmDeviceId>(3));
        }
        CPNS_TRY(run, row.id<ids::CorrelationId>(4));
        found = rules::FoundAssignment{row.text(0), state, row.time(2)};
      }
    }
    CPNS_CHECK(rules::check_activation(found, activation));
    if (renews) {
      CPNS_CHECK(connection.run("UPDATE devices SET state = 5 WHERE cm_device_id = ? AND state IN (2, 3, 5)", *renews));
      if (connection.changes() == 0) {
        return Error{Code::assignment_not_pending, "a renewal of " + renews->text() + ", which is gone or revoked",
                     "a device that may connect"};
      }
    }
    CPNS_CHECK(writer.record(events::activated(activation, *run, renews)));
    return connection.run(
        "UPDATE devices SET state = 2, cm_device_id = ?, confirm_digest = ?, complete_message = ?, activated_at = ?, "
        "expires_at = ?, renew_by = ? WHERE assignment_id = ?",
        activation.cm_device_id, activation.confirm_digest, activation.complete_message, activation.activated_at,
        activation.expires_at, activation.renew_by, activation.assignment_id);
  };
  writer_.submit(std::move(activate), std::move(done));
}

void SqliteDeviceStore::raw_erase_pending(ids::AssignmentId id, Done done) {
  const auto erase = [id](Connection& connection) {
    return connection.run("DELETE FROM devices WHERE assignment_id = ? AND state = 1", id);
  };
  writer_.submit(erase, std::move(done));
}

Result<std::size_t> SqliteDeviceStore::erase_all_pending() {
  auto erased = std::make_shared<std::size_t>(0);
  const auto erase = [erased](Connection& connection) -> Result<void> {
    CPNS_CHECK(connection.run("DELETE FROM devices WHERE state = 1"));
    *erased = connection.changes();
    return {};
  };
  CPNS_CHECK(wait_for_done([&](Done done) { writer_.submit(erase, std::move(done)); }));
  return *erased;
}

Result<std::optional<RowCache::Row>> SqliteDeviceStore::read(const ids::CmDeviceId& id) {
  const auto since = writer_.changes().now();
  return readers_.with([&](Connection& connection) -> Result<std::optional<RowCache::Row>> {
    CPNS_TRY(auto row, connection.query("SELECT " CPNS_DEVICE_INFO_COLUMNS
                                        ", sealed_key_seed, row_id FROM devices WHERE cm_device_id = ?",
                                        id));
    CPNS_TRY(const bool found, row.step());
    if (!found) return std::optional<RowCache::Row>();
    CPNS_TRY(auto info, read_device_info(row));
    return std::optional(
        RowCache::Row{std::move(info), row.blob(kDeviceInfoColumns), row.integer(kDeviceInfoColumns + 1), since});
  });
}

/// The row of `id`. Where another one was asked for, nobody has that one.
Result<std::optional<RowCache::Row>> SqliteDeviceStore::look_up(const ids::CmDeviceId& id,
                                                                const ids::CmDeviceId& asked) {
  if (!cache_.holds_anything()) return read(id);
  if (!writer_.changes().current()) {
    writer_.look();
  } else if (auto kept = cache_.find(asked, asked != id)) {
    return kept;
  }
  CPNS_TRY(auto row, read(id));
  if (!row) return row;
  cache_.put(id, *row);
  if (asked != id) cache_.put_stranger(asked, id);
  return row;
}

Result<std::optional<DeviceStore::Row>> SqliteDeviceStore::raw_find(const ids::CmDeviceId& id) {
  return raw_find_in_stead(id, id);
}

Result<std::optional<DeviceStore::Row>> SqliteDeviceStore::raw_find_in_stead(const ids::CmDeviceId& stranger,
                                                                             const ids::CmDeviceId& stand_in) {
  CPNS_TRY(auto row, look_up(stand_in, stranger));
  if (!row) return std::optional<Row>();
  return std::optional<Row>(Row{std::move(row->info), std::move(row->sealed_key_seed)});
}

Result<std::optional<CompletedAssignment>> SqliteDeviceStore::find_completed(const ids::AssignmentId& id) {
  return readers_.with([&](Connection& connection) -> Result<std::optional<CompletedAssignment>> {
    CPNS_TRY(auto row, connection.query("SELECT pn_gw_id, confirm_digest, complete_message, state FROM devices "
                                        "WHERE assignment_id = ? AND state >= 2",
                                        id));
    CPNS_TRY(const bool found, row.step());
    if (!found) return std::optional<CompletedAssignment>();
    CPNS_TRY(auto pn_gw_id, row.id<ids::PnGwId>(0));
    CPNS_TRY(const auto digest, row.digest(1));
    CPNS_TRY(const auto state, row.state(3, kLastStoredState));
    return std::optional(CompletedAssignment{std::move(pn_gw_id), digest, row.blob(2), state});
  });
}

Result<std::optional<DeviceInfo>> SqliteDeviceStore::show(const ids::CmDeviceId& id) {
  CPNS_TRY(auto row, look_up(id, id));
  if (!row) return std::optional<DeviceInfo>();
  return std::optional(std::move(row->info));
}

Result<std::vector<DeviceInfo>> SqliteDeviceStore::list(std::optional<ids::AssignmentId> after, std::size_t limit) {
  return readers_.with([&](Connection& connection) -> Result<std::vector<DeviceInfo>> {
    // Every identifier is greater than a blob without bytes.
    const auto from = after ? ByteView(after->bytes()) : ByteView();
    CPNS_TRY(auto row, connection.query("SELECT " CPNS_DEVICE_INFO_COLUMNS
                                        " FROM devices WHERE assignment_id > ? ORDER BY assignment_id LIMIT ?",
                                        from, limit));
    std::vector<DeviceInfo> page;
    for (;;) {
      CPNS_TRY(const bool more, row.step());
      if (!more) return page;
      CPNS_TRY(auto info, read_device_info(row));
      page.push_back(std::move(info));
    }
  });
}

// All of it stands in the index; no row is read.
Result<std::vector<ids::CmDeviceId>> SqliteDeviceStore::list_ids(std::optional<ids::CmDeviceId> after,
                                                                 std::size_t limit) {
  return readers_.with([&](Connection& connection) -> Result<std::vector<ids::CmDeviceId>> {
    const auto from = after ? ByteView(after->bytes()) : ByteView();
    CPNS_TRY(auto row,
             connection.query("SELECT cm_device_id FROM devices WHERE cm_device_id > ? ORDER BY cm_device_id LIMIT ?",
                              from, limit));
    return read_ids<ids::CmDeviceId>(std::move(row));
  });
}

Result<std::vector<ids::CmDeviceId>> SqliteDeviceStore::list_ids_of(const ids::PnGwId& id) {
  return readers_.with([&](Connection& connection) -> Result<std::vector<ids::CmDeviceId>> {
    CPNS_TRY(auto row, connection.query("SELECT cm_device_id FROM devices WHERE pn_gw_id = ? AND state > 1", id));
    return read_ids<ids::CmDeviceId>(std::move(row));
  });
}

}  // namespace cpns::store::sqlite
