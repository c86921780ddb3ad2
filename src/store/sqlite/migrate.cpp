#include "store/sqlite/migrate.hpp"

namespace cpns::store::sqlite {
namespace {

/// 0 for a database without any table.
Result<int> version_of(Connection& connection, const migrations::Schema& schema) {
  CPNS_TRY(auto tables, connection.query("SELECT count(*), count(*) FILTER (WHERE name = 'schema_version' AND "
                                         "type = 'table') FROM sqlite_schema"));
  CPNS_CHECK(tables.step());
  if (tables.integer(0) == 0) return 0;
  const Error foreign{Code::store_is_of_another_kind, connection.path() + ": tables of another program",
                      "a database of kind " + std::string(schema.kind)};
  if (tables.integer(1) == 0) return foreign;
  CPNS_TRY(auto row, connection.query("SELECT kind, version FROM schema_version"));
  CPNS_TRY(const bool found, row.step());
  if (!found) return foreign;
  if (row.text(0) != schema.kind) {
    return Error{Code::store_is_of_another_kind, connection.path() + ": kind " + row.text(0),
                 "kind " + std::string(schema.kind)};
  }
  return static_cast<int>(row.integer(1));
}

Result<void> apply(Connection& connection, const migrations::Schema& schema, std::string_view sql, int version) {
  const auto all = [&]() -> Result<void> {
    CPNS_CHECK(connection.execute("BEGIN IMMEDIATE"));
    CPNS_CHECK(connection.execute(sql));
    CPNS_CHECK(
        connection.run("INSERT INTO schema_version (only_row, kind, version) VALUES (1, ?, ?) "
                       "ON CONFLICT (only_row) DO UPDATE SET version = excluded.version",
                       schema.kind, static_cast<std::int64_t>(version)));
    return connection.execute("COMMIT");
  };
  auto done = all();
  if (done) return done;
  // Best effort: closing the connection rolls back as well.
  if (connection.in_transaction()) static_cast<void>(connection.execute("ROLLBACK"));
  if (done.error().code == Code::store_busy) return done;
  return Error{Code::store_upgrade_failed, std::move(done.error().got), "version " + std::to_string(version)};
}

}  // namespace

Result<void> upgrade(Connection& connection, const migrations::Schema& schema, int target) {
  CPNS_TRY(const int version, version_of(connection, schema));
  for (const auto& step : schema.steps) {
    if (step.version > version && step.version <= target) {
      CPNS_CHECK(apply(connection, schema, step.sql, step.version));
    }
  }
  return {};
}

Result<void> migrate(Connection& connection, const migrations::Schema& schema) {
  CPNS_TRY(const int version, version_of(connection, schema));
  if (version == 0) return apply(connection, schema, schema.fresh, schema.version());
  if (version > schema.version()) {
    return Error{Code::store_is_newer, connection.path() + ": version " + std::to_string(version),
                 "version " + std::to_string(schema.version()) + " or older"};
  }
  return upgrade(connection, schema, schema.version());
}

}  // namespace cpns::store::sqlite
