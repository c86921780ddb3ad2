#include "store/sqlite/sqlite_audit_store.hpp"

#include "store/sqlite/audit_rows.hpp"

namespace cpns::store::sqlite {

void SqliteAuditStore::append(audit::Event event, Done done) {
  const auto add = [event = std::move(event), &writer = writer_](Connection&) { return writer.record(event); };
  writer_.submit(add, std::move(done));
}

Result<audit::Head> SqliteAuditStore::head() { return readers_.with(read_audit_head); }

Result<std::vector<audit::Stored>> SqliteAuditStore::read(std::uint64_t after, std::size_t limit) {
  return readers_.with([&](Connection& connection) { return read_audit_records(connection, after, limit); });
}

}  // namespace cpns::store::sqlite
