// What becomes of devices that are active: used, renewed, revoked, erased. Every change that must not come back from a
// backup is numbered and noted for the journal.

#include "store/audit_events.hpp"
#include "store/rules.hpp"
#include "store/sqlite/device_rows.hpp"
#include "store/sqlite/sqlite_device_store.hpp"

namespace cpns::store::sqlite {
namespace {

struct Kin {
  ids::CmDeviceId id;
  DeviceState state;
  ids::UnixTime expires_at;
};

Result<std::vector<Kin>> read_kin(Statement row) {
  std::vector<Kin> found;
  for (;;) {
    CPNS_TRY(const bool more, row.step());
    if (!more) return found;
    CPNS_TRY(const auto id, row.id<ids::CmDeviceId>(0));
    CPNS_TRY(const auto state, row.state(1, kLastStoredState));
    found.push_back({id, state, row.time(2)});
  }
}

/// The device itself first, then the IDs of the same key's life: the one that it renews, and all that renew either.
Result<std::vector<Kin>> kin_of(Connection& connection, const ids::CmDeviceId& id) {
  CPNS_TRY(auto query, connection.query(
                           "WITH root (id) AS (SELECT coalesce(renews, cm_device_id) FROM devices "
                           "WHERE cm_device_id = ?1) "
                           "SELECT cm_device_id, state, expires_at FROM devices WHERE state > 1 AND (cm_device_id = ?1 "
                           "OR cm_device_id = (SELECT id FROM root) OR renews = (SELECT id FROM root) OR renews = ?1) "
                           "ORDER BY cm_device_id <> ?1, row_id",
                           id));
  CPNS_TRY(auto kin, read_kin(std::move(query)));
  if (kin.empty() || kin.front().id != id) {
    return Error{Code::device_not_found, id.text(), "a device of this server"};
  }
  return kin;
}

Result<void> erase_row(Connection& connection, Writer& writer, const Kin& one, ids::UnixTime when, std::string why) {
  CPNS_CHECK(connection.run("DELETE FROM devices WHERE renews = ? AND state = 1", one.id));
  CPNS_CHECK(connection.run("DELETE FROM devices WHERE cm_device_id = ?", one.id));
  CPNS_CHECK(writer.record(events::erased(one.id, when, std::move(why))));
  return writer.note({0, RevocationKind::Gone, one.id.text(), when, one.expires_at});
}

}  // namespace

Result<std::vector<ids::CmDeviceId>> SqliteDeviceStore::kin(const ids::CmDeviceId& id) {
  return readers_.with([&](Connection& connection) -> Result<std::vector<ids::CmDeviceId>> {
    CPNS_TRY(const auto kin, kin_of(connection, id));
    std::vector<ids::CmDeviceId> found;
    for (const auto& one : kin) found.push_back(one.id);
    return found;
  });
}

void SqliteDeviceStore::raw_mark_in_use(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  const auto mark = [id, when, &writer = writer_](Connection& connection) -> Result<void> {
    CPNS_TRY(const auto kin, kin_of(connection, id));
    const auto state = kin.front().state;
    // A device that is being renewed goes on under its old ID until it uses the new one [R2].
    if (state == DeviceState::Renewing) return {};
    CPNS_TRY(const bool changes, rules::check_change(state, DeviceState::InUse, id));
    if (!changes) return {};
    CPNS_CHECK(writer.record(events::in_use(id, when)));
    for (std::size_t i = 1; i < kin.size(); ++i) {
      CPNS_CHECK(erase_row(connection, writer, kin[i], when, id.text() + " is in use"));
    }
    return connection.run("UPDATE devices SET state = 3, in_use_at = ?, renews = NULL WHERE cm_device_id = ?", when,
                          id);
  };
  writer_.submit(mark, std::move(done));
}

void SqliteDeviceStore::raw_revoke(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  const auto revoke = [id, when, &writer = writer_](Connection& connection) -> Result<void> {
    CPNS_TRY(const auto kin, kin_of(connection, id));
    for (const auto& one : kin) {
      CPNS_TRY(const bool changes, rules::check_change(one.state, DeviceState::Revoked, one.id));
      if (!changes) continue;
      CPNS_CHECK(connection.run("DELETE FROM devices WHERE renews = ? AND state = 1", one.id));
      CPNS_CHECK(connection.run("UPDATE devices SET state = 4, revoked_at = ? WHERE cm_device_id = ?", when, one.id));
      CPNS_CHECK(writer.record(events::device_revoked(one.id, when)));
      CPNS_CHECK(writer.note({0, RevocationKind::Device, one.id.text(), when, one.expires_at}));
    }
    return {};
  };
  writer_.submit(revoke, std::move(done));
}

void SqliteDeviceStore::revoke_before(ids::UnixTime before, ids::UnixTime when, Done done) {
  const auto revoke = [before, when, &writer = writer_](Connection& connection) -> Result<void> {
    CPNS_CHECK(connection.run("DELETE FROM devices WHERE state = 1 AND created_at < ?", before));
    CPNS_CHECK(connection.run(
        "UPDATE devices SET state = 4, revoked_at = ? WHERE state IN (2, 3, 5) AND activated_at < ?", when, before));
    CPNS_CHECK(writer.record(events::revoked_before(before, when)));
    return writer.note({0, RevocationKind::Before, std::to_string(before.time_since_epoch().count()), when, {}});
  };
  writer_.submit(revoke, std::move(done));
}

void SqliteDeviceStore::erase(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  const auto erase = [id, when, &writer = writer_](Connection& connection) -> Result<void> {
    CPNS_TRY(const auto kin, kin_of(connection, id));
    for (const auto& one : kin) CPNS_CHECK(erase_row(connection, writer, one, when, "asked for"));
    return {};
  };
  writer_.submit(erase, std::move(done));
}

void SqliteDeviceStore::exempt(ids::CmDeviceId id, ids::UnixTime when, Done done) {
  const auto exempt = [id, when, &writer = writer_](Connection& connection) -> Result<void> {
    CPNS_TRY(const auto kin, kin_of(connection, id));
    if (kin.front().state == DeviceState::Revoked) {
      return Error{Code::device_is_revoked, id.text(), "a device that is not revoked"};
    }
    CPNS_CHECK(writer.record(events::exempted(id, when)));
    return connection.run("UPDATE devices SET renew_by = NULL, exempted_at = ? WHERE cm_device_id = ?", when, id);
  };
  writer_.submit(exempt, std::move(done));
}

Result<void> carry_out(Connection& connection, const Revocation& one) {
  switch (one.kind) {
    case RevocationKind::Device:
    case RevocationKind::Gone: {
      const auto id = ids::CmDeviceId::parse(one.subject);
      if (!id) return Error{Code::revocation_journal_damaged, one.subject, "a CM Device ID"};
      CPNS_CHECK(connection.run("DELETE FROM devices WHERE renews = ? AND state = 1", *id));
      if (one.kind == RevocationKind::Gone) return connection.run("DELETE FROM devices WHERE cm_device_id = ?", *id);
      return connection.run(
          "UPDATE devices SET state = 4, revoked_at = ? WHERE cm_device_id = ? AND state IN (2, 3, 5)", one.at, *id);
    }
    case RevocationKind::Gateway:
      CPNS_CHECK(connection.run("UPDATE gateways SET state = 3 WHERE pn_gw_id = ?", std::string_view(one.subject)));
      CPNS_CHECK(connection.run("DELETE FROM enrolments WHERE pn_gw_id = ?", std::string_view(one.subject)));
      CPNS_CHECK(connection.run("DELETE FROM devices WHERE pn_gw_id = ? AND state = 1", std::string_view(one.subject)));
      return connection.run("UPDATE devices SET state = 4, revoked_at = ? WHERE pn_gw_id = ? AND state IN (2, 3, 5)",
                            one.at, std::string_view(one.subject));
    case RevocationKind::Before: {
      const auto before = static_cast<std::int64_t>(std::strtoll(one.subject.c_str(), nullptr, 10));
      return connection.run(
          "UPDATE devices SET state = 4, revoked_at = ? WHERE state IN (2, 3, 5) AND activated_at < ?", one.at, before);
    }
  }
  return Error{Code::revocation_journal_damaged, "kind " + std::to_string(static_cast<int>(one.kind)), "1-4"};
}

}  // namespace cpns::store::sqlite
