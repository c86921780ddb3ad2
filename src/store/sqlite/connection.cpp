#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {
namespace {

// No checkpoint by SQLite itself: see checkpointer.hpp. secure_delete overwrites what is deleted; trusted_schema off
// and defensive keep an altered schema from running functions.
constexpr std::string_view kSettings =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA wal_autocheckpoint = 0;";

}  // namespace

Connection::~Connection() = default;

Result<Connection> Connection::open(const std::filesystem::path& file, Use use,
                                    std::chrono::milliseconds busy_timeout) {
  sqlite3* database = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.c_str(), &database, flags, nullptr);
  Connection connection(database, file.string());
  if (database == nullptr) throw std::bad_alloc();
  if (code != SQLITE_OK) return database_error(database, connection.path(), Code::store_cannot_open);
  sqlite3_busy_timeout(database, static_cast<int>(busy_timeout.count()));
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  CPNS_CHECK(connection.execute(kSettings));
  {
    // Some file systems can not share memory between processes: SQLite then stays in the old mode without an error.
    CPNS_TRY(auto mode, connection.query("PRAGMA journal_mode"));
    CPNS_CHECK(mode.step());
    if (mode.text(0) != "wal") {
      return Error{Code::store_cannot_open, connection.path() + ": journal mode " + mode.text(0),
                   "a file system that allows write-ahead logging, such as a local disk"};
    }
  }
  if (use == Use::Read) CPNS_CHECK(connection.execute("PRAGMA query_only = ON"));
  return connection;
}

Result<Statement> Connection::prepare(std::string_view sql) {
  auto& kept = statements_[sql];
  if (kept == nullptr) {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (code != SQLITE_OK) return database_error(database_.get(), *path_, Code::store_read_failed);
    kept.reset(made);
  }
  return Statement(kept.get(), *path_);
}

std::size_t Connection::changes() const { return static_cast<std::size_t>(sqlite3_changes64(database_.get())); }

Result<void> Connection::execute(std::string_view script) {
  const std::string terminated(script);
  if (sqlite3_exec(database_.get(), terminated.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return database_error(database_.get(), *path_, Code::store_write_failed);
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

}  // namespace cpns::store::sqlite
