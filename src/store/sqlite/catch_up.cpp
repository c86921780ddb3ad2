#include "store/sqlite/catch_up.hpp"

#include "store/sqlite/sqlite_device_store.hpp"

namespace cpns::store::sqlite {
namespace {

Result<std::uint64_t> last_of(Connection& connection) {
  CPNS_TRY(auto row, connection.query("SELECT last_sequence FROM revocation_state"));
  CPNS_CHECK(row.step());
  return static_cast<std::uint64_t>(row.integer(0));
}

Result<void> set_last(Connection& connection, std::uint64_t last) {
  return connection.run("UPDATE revocation_state SET last_sequence = ?", static_cast<std::int64_t>(last));
}

Result<void> replay(Connection& connection, const std::vector<Revocation>& missing) {
  CPNS_CHECK(connection.run("BEGIN IMMEDIATE"));
  for (const auto& one : missing) CPNS_CHECK(carry_out(connection, one));
  CPNS_CHECK(set_last(connection, missing.back().sequence));
  return connection.run("COMMIT");
}

Result<std::vector<Revocation>> revoked_in(Connection& connection, std::uint64_t sequence) {
  std::vector<Revocation> found;
  CPNS_TRY(auto gateways, connection.query("SELECT pn_gw_id FROM gateways WHERE state = 3 ORDER BY row_id"));
  for (;;) {
    CPNS_TRY(const bool more, gateways.step());
    if (!more) break;
    found.push_back({++sequence, RevocationKind::Gateway, gateways.text(0), {}, {}});
  }
  CPNS_TRY(auto devices, connection.query("SELECT cm_device_id, revoked_at, expires_at FROM devices WHERE state = 4 "
                                          "ORDER BY row_id"));
  for (;;) {
    CPNS_TRY(const bool more, devices.step());
    if (!more) return found;
    CPNS_TRY(const auto id, devices.id<ids::CmDeviceId>(0));
    found.push_back({++sequence, RevocationKind::Device, id.text(), devices.time(1), devices.time(2)});
  }
}

}  // namespace

Result<std::size_t> catch_up(Connection& connection, RevocationJournal& journal) {
  CPNS_TRY(const auto last, last_of(connection));
  if (journal.last() < last) {
    return Error{Code::revocation_journal_lost, "number " + std::to_string(journal.last()),
                 "number " + std::to_string(last) + ", which the database has carried out"};
  }
  if (journal.last() == 0) {
    CPNS_CHECK(fill_journal(connection, journal));
    return std::size_t{0};
  }
  const auto missing = journal.after(last);
  if (missing.empty()) {
    // Entries whose time is over were left out of the journal; their numbers are passed.
    if (journal.last() > last) CPNS_CHECK(set_last(connection, journal.last()));
    return std::size_t{0};
  }
  auto done = replay(connection, missing);
  if (!done) {
    if (connection.in_transaction()) static_cast<void>(connection.execute("ROLLBACK"));
    return std::move(done).error();
  }
  return missing.size();
}

Result<std::size_t> fill_journal(Connection& connection, RevocationJournal& journal) {
  CPNS_TRY(const auto last, last_of(connection));
  CPNS_TRY(const auto revoked, revoked_in(connection, last));
  if (revoked.empty()) return std::size_t{0};
  CPNS_CHECK(journal.append(revoked));
  CPNS_CHECK(set_last(connection, revoked.back().sequence));
  return revoked.size();
}

}  // namespace cpns::store::sqlite
