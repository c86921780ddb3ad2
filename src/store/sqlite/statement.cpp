#include "store/sqlite/statement.hpp"

#include <algorithm>

namespace cpns::store::sqlite {
namespace {

Code code_for(int extended, Code otherwise) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return Code::store_row_exists;
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
      return Code::store_read_failed;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::store_busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::store_is_damaged;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return Code::store_row_malformed;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
      return Code::store_write_failed;
    default:
      return otherwise;
  }
}

}  // namespace

Error database_error(sqlite3* database, const std::string& path, Code otherwise) {
  const int extended = sqlite3_extended_errcode(database);
  return Error{code_for(extended, otherwise),
               path + ": " + sqlite3_errmsg(database) + " (SQLite " + std::to_string(extended) + ")", ""};
}

bool is_fault(int extended) noexcept {
  switch (extended) {
    case SQLITE_IOERR:
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
    case SQLITE_IOERR_TRUNCATE:
    case SQLITE_IOERR_CLOSE:
      return true;
    default:
      return false;
  }
}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Statement::bind(std::int64_t value) { note(sqlite3_bind_int64(statement_, ++bound_, value)); }

void Statement::bind_null() { note(sqlite3_bind_null(statement_, ++bound_)); }

void Statement::bind(ByteView blob) {
  // A null pointer would bind NULL instead of a blob without bytes.
  const void* data = blob.empty() ? static_cast<const void*>("") : blob.data();
  note(sqlite3_bind_blob64(statement_, ++bound_, data, blob.size(), SQLITE_TRANSIENT));
}

void Statement::bind(std::string_view text) {
  const char* data = text.empty() ? "" : text.data();
  note(sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Result<bool> Statement::step() {
  const bool reads = sqlite3_stmt_readonly(statement_) != 0;
  auto* database = sqlite3_db_handle(statement_);
  if (code_ == SQLITE_OK) {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
  }
  return database_error(database, *path_, reads ? Code::store_read_failed : Code::store_write_failed);
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::optional<ids::UnixTime> Statement::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Bytes Statement::blob(int column) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return Bytes(data, data + sqlite3_column_bytes(statement_, column));
}

std::string Statement::text(int column) const {
  const auto* data = sqlite3_column_text(statement_, column);
  if (data == nullptr) return {};
  return std::string(reinterpret_cast<const char*>(data),
                     static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

Result<std::array<std::uint8_t, 32>> Statement::digest(int column) const {
  const auto bytes = blob(column);
  std::array<std::uint8_t, 32> out{};
  if (bytes.size() != out.size()) return malformed(column);
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

Error Statement::malformed(int column) const {
  return Error{Code::store_row_malformed,
               *path_ + ": column " + sqlite3_column_name(statement_, column) + " of another form",
               "what this program writes"};
}

}  // namespace cpns::store::sqlite
