#pragma once
// One connection to a database file, with its prepared statements. Used by one thread at a time.

#include <chrono>
#include <filesystem>
#include <memory>
#include <unordered_map>

#include "store/sqlite/statement.hpp"

namespace cpns::store::sqlite {

class Connection {
 public:
  enum class Use : std::uint8_t { Write, Read };

  /// Opens a file that is there. Fails with `store_cannot_open`, `store_is_damaged` or `store_busy`.
  [[nodiscard]] static Result<Connection> open(const std::filesystem::path& file, Use use,
                                               std::chrono::milliseconds busy_timeout);
  Connection(Connection&&) noexcept = default;
  Connection& operator=(Connection&&) noexcept = default;
  ~Connection();

  /// A statement with its parameters bound. `sql` must be a literal: statements are kept by it.
  template <class... Values>
  [[nodiscard]] Result<Statement> query(std::string_view sql, const Values&... values) {
    CPNS_TRY(auto statement, prepare(sql));
    (statement.bind(values), ...);
    return statement;
  }
  /// The same for one that returns no rows.
  template <class... Values>
  [[nodiscard]] Result<void> run(std::string_view sql, const Values&... values) {
    CPNS_TRY(auto statement, query(sql, values...));
    CPNS_CHECK(statement.step());
    return {};
  }
  /// Rows changed by the last `run`.
  [[nodiscard]] std::size_t changes() const;
  /// A script of our own, such as a migration.
  [[nodiscard]] Result<void> execute(std::string_view script);
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] sqlite3* handle() const noexcept { return database_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return *path_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Connection(sqlite3* database, std::string path)
      : path_(std::make_unique<std::string>(std::move(path))), database_(database) {}
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);

  std::unique_ptr<std::string> path_;  ///< where statements may point to it while the connection is moved
  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;  ///< closed before it
};

}  // namespace cpns::store::sqlite
