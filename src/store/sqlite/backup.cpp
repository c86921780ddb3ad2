#include "store/sqlite/backup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/file/private_file.hpp"
#include "store/migrations/migrations.hpp"
#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kBusy{5000};
constexpr int kPagesAtOnce = 256;

Error not_made(const fs::path& file, std::string cause) {
  return Error{Code::backup_not_made, file.string() + ": " + std::move(cause), "a new file in a folder that exists"};
}

Error refused(const fs::path& file, std::string got, std::string expected) {
  return Error{Code::backup_refused, file.string() + ": " + std::move(got), std::move(expected)};
}

Result<void> make_new_file(const fs::path& file) {
  const file::Descriptor made(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (made.number() < 0) return not_made(file, std::strerror(errno));
  return {};
}

Result<void> sync_file(const fs::path& file) {
  const file::Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.number() < 0 || ::fsync(opened.number()) != 0) return not_made(file, std::strerror(errno));
  const file::Descriptor folder(::open(file::folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number() < 0 || ::fsync(folder.number()) != 0) return not_made(file, std::strerror(errno));
  return {};
}

// Inside one read transaction: what is written meanwhile stands in the log and is no part of the copy.
Result<void> copy_pages(Connection& from, Connection& to, const fs::path& file, const CopyProgress& progress) {
  CPNS_CHECK(from.execute("BEGIN"));
  {
    CPNS_TRY(auto row, from.query("SELECT version FROM schema_version"));
    CPNS_CHECK(row.step());
  }
  auto* copy = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (copy == nullptr) return not_made(file, sqlite3_errmsg(to.handle()));
  int state = SQLITE_OK;
  while (state == SQLITE_OK) {
    state = sqlite3_backup_step(copy, kPagesAtOnce);
    const auto all = static_cast<std::size_t>(sqlite3_backup_pagecount(copy));
    if (progress) progress(all - static_cast<std::size_t>(sqlite3_backup_remaining(copy)), all);
  }
  const int finished = sqlite3_backup_finish(copy);
  static_cast<void>(from.execute("COMMIT"));
  if (state != SQLITE_DONE || finished != SQLITE_OK) return not_made(file, sqlite3_errstr(state));
  // One file, without a log beside it.
  return to.execute("PRAGMA journal_mode = DELETE");
}

Result<void> copy_database(const fs::path& from, const fs::path& to, const CopyProgress& progress) {
  CPNS_CHECK(make_new_file(to));
  {
    CPNS_TRY(auto source, Connection::open(from, Connection::Use::Read, kBusy));
    CPNS_TRY(auto target, Connection::open(to, Connection::Use::Write, kBusy));
    CPNS_CHECK(copy_pages(source, target, to, progress));
  }
  return sync_file(to);
}

Result<std::size_t> open_all(Connection& connection, const fs::path& file, const Sealer& sealer, std::string_view sql,
                             std::string_view table, std::string_view column) {
  std::size_t opened = 0;
  CPNS_TRY(auto row, connection.query(sql));
  for (;;) {
    CPNS_TRY(const bool more, row.step());
    if (!more) return opened;
    const auto key = row.blob(0);
    if (const auto value = sealer.open({table, column, key}, row.blob(1)); !value) {
      return refused(file, "a value of " + std::string(table) + " that does not open", "the master key of its time");
    }
    ++opened;
  }
}

Result<std::size_t> count_of(Connection& connection, std::string_view sql) {
  CPNS_TRY(auto row, connection.query(sql));
  CPNS_CHECK(row.step());
  return row.count(0);
}

}  // namespace

Result<void> back_up(const fs::path& database, const fs::path& to, const CopyProgress& progress) {
  auto done = copy_database(database, to, progress);
  if (done || done.error().code == Code::backup_not_made) return done;
  return not_made(to, to_text(done.error()));
}

Result<BackupReport> check_backup(const fs::path& file, const Sealer& sealer) {
  auto opened = Connection::open(file, Connection::Use::Read, kBusy);
  if (!opened) return refused(file, to_text(opened.error()), "a backup of cpns-server");
  auto& connection = *opened;
  BackupReport report;
  const auto check = [&]() -> Result<void> {
    {
      CPNS_TRY(auto row, connection.query("PRAGMA integrity_check"));
      CPNS_CHECK(row.step());
      if (row.text(0) != "ok") return refused(file, row.text(0), "a database without damage");
    }
    {
      CPNS_TRY(auto row, connection.query("SELECT kind, version FROM schema_version"));
      CPNS_CHECK(row.step());
      report.schema_version = static_cast<int>(row.integer(1));
      const auto& schema = migrations::server_schema();
      if (row.text(0) != schema.kind || report.schema_version > schema.version()) {
        return refused(file, "kind " + row.text(0) + ", version " + std::to_string(report.schema_version),
                       "kind server, version " + std::to_string(schema.version()) + " or older");
      }
    }
    CPNS_TRY(report.devices, count_of(connection, "SELECT count(*) FROM devices"));
    CPNS_TRY(report.pn_gws, count_of(connection, "SELECT count(*) FROM gateways"));
    CPNS_TRY(const auto seeds, open_all(connection, file, sealer, "SELECT assignment_id, sealed_key_seed FROM devices",
                                        "devices", "sealed_key_seed"));
    CPNS_TRY(const auto tokens, open_all(connection, file, sealer, "SELECT token_id, sealed_secret FROM enrolments",
                                         "enrolments", "sealed_secret"));
    report.opened = seeds + tokens;
    if (report.schema_version >= 3) {
      CPNS_TRY(const auto last, count_of(connection, "SELECT last_sequence FROM revocation_state"));
      report.last_sequence = last;
    }
    return {};
  };
  const auto checked = check();
  static_cast<void>(connection.execute("PRAGMA query_only = OFF; PRAGMA journal_mode = DELETE"));
  if (checked) return report;
  if (checked.error().code == Code::backup_refused) return checked.error();
  return refused(file, to_text(checked.error()), "a backup of cpns-server");
}

Result<void> restore(const fs::path& file, const fs::path& database, const CopyProgress& progress) {
  const fs::path fresh(database.string() + ".restored");
  std::error_code failed;
  fs::remove(fresh, failed);
  if (auto copied = copy_database(file, fresh, progress); !copied) return not_made(fresh, to_text(copied.error()));
  // A token that was withdrawn since must not come back: after a restore there are none.
  if (auto restored = Connection::open(fresh, Connection::Use::Write, kBusy)) {
    static_cast<void>(restored->execute("DELETE FROM operator_tokens"));
    static_cast<void>(restored->execute("PRAGMA journal_mode = DELETE"));
  }
  const fs::path former(database.string() + ".replaced");
  if (fs::exists(database, failed)) {
    // The log of the former database must not be taken for the new one's: it is written back first.
    if (auto old = Connection::open(database, Connection::Use::Write, kBusy)) {
      static_cast<void>(old->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
    }
    fs::rename(database, former, failed);
    if (failed) return not_made(former, failed.message());
  }
  for (const auto* end : {"-wal", "-shm"}) fs::remove(database.string() + end, failed);
  fs::rename(fresh, database, failed);
  if (failed) return not_made(database, failed.message());
  return sync_file(database);
}

}  // namespace cpns::store::sqlite
