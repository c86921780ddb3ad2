#pragma once
// Whether a row of `devices` that was read once is still what the database has. Of this process's own writes row by
// row, as SQLite itself tells of each change, whatever statement made it; of another process's writes all rows at once.

#include <atomic>
#include <memory>
#include <vector>

#include "store/sqlite/wal_state.hpp"

namespace cpns::store::sqlite {

/// Two sides: the writer's thread tells, any other thread asks; nobody waits.
class RowChanges {
 public:
  /// A moment, from before a row was read.
  using Moment = std::uint64_t;

  /// Of the connection of the one writer that this process has. Takes its update hook.
  explicit RowChanges(Connection& writer);
  ~RowChanges();
  RowChanges(const RowChanges&) = delete;
  RowChanges& operator=(const RowChanges&) = delete;

  /// False where it can't tell what others do: then nothing of what was read once may be used again.
  [[nodiscard]] bool usable() const noexcept { return watch_.usable(); }
  [[nodiscard]] Moment now() const noexcept { return now_.load(std::memory_order_acquire); }
  /// False where something was committed that nobody has told of yet. Where it is true, and then `stands` says so too,
  /// the row was the database's when this was called.
  [[nodiscard]] bool current() const noexcept;
  /// That the row with this number, read after `since`, has not been changed since then.
  [[nodiscard]] bool stands(std::int64_t row, Moment since) const noexcept;

  // Of the writer's thread.
  /// In a transaction that has just begun, which keeps all others from committing.
  void begun();
  /// The transaction is over; `wrote` where it has committed and changed something. Before anybody is told of it.
  void committed(bool wrote);
  /// It failed, so that nobody can say what is on the disk.
  void failed();
  /// Between two transactions: what did others commit?
  void look();

 private:
  static constexpr std::size_t kPlaces = std::size_t{1} << 17U;
  [[nodiscard]] std::atomic<Moment>& place_of(std::int64_t row) const noexcept {
    return places_[static_cast<std::uint64_t>(row) % kPlaces];
  }
  void note(std::int64_t row);
  void publish(const std::optional<WalState>& state, bool all);

  sqlite3* database_;
  WalWatch watch_;
  std::unique_ptr<std::atomic<Moment>[]> places_;  ///< when a row with such a number was changed last; some share one
  std::atomic<Moment> now_{1};
  std::atomic<Moment> all_{1};  ///< when all rows may have been changed
  // What the database stood at when it was told of last; zeros where that is not known.
  std::atomic<std::uint64_t> known_size_{0};  ///< commits and pages
  std::atomic<std::uint64_t> known_checksum_{0};
  // Of the writer's thread:
  std::vector<std::int64_t> changed_;  ///< rows, by the transaction under way; kPlaces at most
  bool many_ = false;                  ///< it has changed more
  std::optional<WalState> known_;
  bool strangers_ = false;  ///< somebody else had committed before the transaction under way
};

}  // namespace cpns::store::sqlite
