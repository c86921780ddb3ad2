#include "store/sqlite/integrity_check.hpp"

#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>

namespace cpns::store::sqlite {
namespace {

constexpr int kLowPriority = 10;
constexpr int kBusyMs = 5000;

/// The first thing that is wrong; nothing where all is well, or where it was interrupted.
std::string look(sqlite3* database) {
  sqlite3_stmt* statement = nullptr;
  std::string wrong;
  int code = sqlite3_prepare_v2(database, "PRAGMA integrity_check(1)", -1, &statement, nullptr);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code == SQLITE_ROW) {
    wrong = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    if (wrong == "ok") wrong.clear();
  } else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
    wrong = sqlite3_errmsg(database);
  }
  sqlite3_finalize(statement);
  return wrong;
}

}  // namespace

IntegrityCheck::IntegrityCheck(const std::filesystem::path& database, std::function<void(const Error&)> found) {
  if (sqlite3_open_v2(database.c_str(), &database_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) return;
  sqlite3_busy_timeout(database_, kBusyMs);
  thread_ = std::thread([this, path = database.string(), found = std::move(found)] {
    // Of this thread alone, as Linux has it. Best effort.
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLowPriority));
    const auto wrong = look(database_);
    if (!wrong.empty()) found(Error{Code::store_is_damaged, path + ": " + wrong, "a database that holds together"});
  });
}

IntegrityCheck::~IntegrityCheck() {
  if (database_ != nullptr) sqlite3_interrupt(database_);
  if (thread_.joinable()) thread_.join();
  sqlite3_close_v2(database_);
}

}  // namespace cpns::store::sqlite
