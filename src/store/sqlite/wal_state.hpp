#pragma once
// Which commit a database stands at, without a read and without a system call: from the index of its write-ahead log,
// which SQLite keeps in memory that all its processes share. Each reader of SQLite looks there first, and so does this.

#include <cstdint>
#include <optional>

#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {

/// Equal as long as nobody has committed anything, in this process or another. From sqlite.org/walformat.html: the
/// count of commits, the size of the database in pages, the checksum over all that was ever appended. A checkpoint and
/// a log that begins anew change none of them; a recovery begins the count anew, but has another checksum.
struct WalState {
  std::uint32_t commits = 0;
  std::uint32_t pages = 0;
  std::uint64_t checksum = 0;

  friend bool operator==(const WalState&, const WalState&) = default;
};

/// Reads it. Any thread, while the connection that it was made of is open.
class WalWatch {
 public:
  /// Of a connection that has read before. Where the index is not found, or is of another form, it never says anything.
  explicit WalWatch(Connection& connection);

  [[nodiscard]] bool usable() const noexcept { return header_ != nullptr; }
  /// Nothing where somebody is about to change it.
  [[nodiscard]] std::optional<WalState> look() const noexcept;

 private:
  std::uint32_t* header_ = nullptr;  ///< two copies of twelve words; SQLite's
};

}  // namespace cpns::store::sqlite
