#pragma once
// A prepared statement with bound parameters: no value ever becomes SQL text. Belongs to its Connection, which must
// outlive it, and follows its thread rule. What is bound is copied. The first failure of a bind is reported by `step`.

#include <sqlite3.h>

#include <optional>
#include <string>

#include "core/ids/ids.hpp"

namespace cpns::store::sqlite {

/// The error of the last call on `database`, with `path` and what was tried. Constraints that a key broke become
/// `store_row_exists`. Never holds a bound value.
[[nodiscard]] Error database_error(sqlite3* database, const std::string& path, Code otherwise);

/// Whether SQLite's extended code says that an fsync failed, so that nobody can say what is on the disk: the kernel may
/// have dropped pages that it could not write, and a second fsync would succeed without them. A write that failed, or
/// a full disk, is none: SQLite has noticed before anything counted, and takes all of it back.
[[nodiscard]] bool is_fault(int extended) noexcept;

class Statement {
 public:
  Statement(sqlite3_stmt* statement, const std::string& path) noexcept : statement_(statement), path_(&path) {}
  Statement(Statement&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)),
        path_(other.path_),
        bound_(other.bound_),
        code_(other.code_) {}
  Statement& operator=(Statement&&) = delete;
  /// Resets the statement for its next user and drops what was bound.
  ~Statement();

  void bind(std::int64_t value);
  void bind_null();
  void bind(std::size_t value) { bind(static_cast<std::int64_t>(value)); }
  void bind(ids::UnixTime time) { bind(static_cast<std::int64_t>(time.time_since_epoch().count())); }
  void bind(ByteView blob);
  void bind(std::string_view text);
  /// NULL where there is none.
  template <class Value>
  void bind(const std::optional<Value>& value) {
    if (value) {
      bind(*value);
    } else {
      bind_null();
    }
  }
  template <class Value>
  void bind(const Value& value) {
    if constexpr (std::is_enum_v<Value>) {
      bind(static_cast<std::int64_t>(value));
    } else if constexpr (requires { value.text(); }) {
      bind_text_form(value);
    } else if constexpr (requires { value.bytes(); }) {
      bind(ByteView(value.bytes()));
    } else {
      bind(ByteView(value));
    }
  }

  /// True where there is a row to read, false where there is none left.
  [[nodiscard]] Result<bool> step();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::size_t count(int column) const { return static_cast<std::size_t>(integer(column)); }
  [[nodiscard]] ids::UnixTime time(int column) const { return ids::UnixTime(std::chrono::seconds(integer(column))); }
  [[nodiscard]] std::optional<ids::UnixTime> optional_time(int column) const;
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] Bytes blob(int column) const;
  [[nodiscard]] std::string text(int column) const;
  /// An identity as it was stored; `store_row_malformed` where it is none.
  template <class Id>
  [[nodiscard]] Result<Id> id(int column) const {
    if constexpr (
        requires { Id::parse(std::string_view()); } && !requires { Id::kSize; }) {
      auto parsed = Id::parse(text(column));
      if (!parsed) return malformed(column);
      return parsed;
    } else {
      const auto made = Id::from(blob(column));
      if (!made) return malformed(column);
      return *made;
    }
  }
  [[nodiscard]] Result<std::array<std::uint8_t, 32>> digest(int column) const;
  /// An enumeration whose values are 1 to `last`.
  template <class Enum>
  [[nodiscard]] Result<Enum> state(int column, Enum last) const {
    const auto number = integer(column);
    if (number < 1 || number > static_cast<std::int64_t>(last)) return malformed(column);
    return static_cast<Enum>(number);
  }
  [[nodiscard]] Error malformed(int column) const;

 private:
  template <class Id>
  void bind_text_form(const Id& value) {
    // Identities of a fixed size are stored as their bytes, whatever text they have for people.
    if constexpr (requires { value.bytes(); }) {
      bind(ByteView(value.bytes()));
    } else {
      bind(std::string_view(value.text()));
    }
  }
  void note(int code) noexcept {
    if (code_ == SQLITE_OK) code_ = code;
  }

  sqlite3_stmt* statement_;
  const std::string* path_;
  int bound_ = 0;
  int code_ = SQLITE_OK;
};

}  // namespace cpns::store::sqlite
