#include "store/sqlite/row_changes.hpp"

#include <sqlite3.h>

#include <string_view>
#include <utility>

namespace cpns::store::sqlite {
namespace {

std::uint64_t size_of(const WalState& state) noexcept { return std::uint64_t{state.commits} << 32U | state.pages; }

}  // namespace

RowChanges::RowChanges(Connection& writer)
    : database_(writer.handle()), watch_(writer), places_(std::make_unique<std::atomic<Moment>[]>(kPlaces)) {
  const auto note = [](void* to, int, const char*, const char* table, sqlite3_int64 row) {
    if (std::string_view(table) == "devices") static_cast<RowChanges*>(to)->note(row);
  };
  sqlite3_update_hook(database_, note, this);
  look();
}

RowChanges::~RowChanges() { sqlite3_update_hook(database_, nullptr, nullptr); }

bool RowChanges::current() const noexcept {
  const auto size = known_size_.load(std::memory_order_acquire);
  const auto checksum = known_checksum_.load(std::memory_order_acquire);
  const auto state = watch_.look();
  return state && size == size_of(*state) && checksum == state->checksum;
}

bool RowChanges::stands(std::int64_t row, Moment since) const noexcept {
  return place_of(row).load(std::memory_order_acquire) <= since && all_.load(std::memory_order_acquire) <= since;
}

// Called from inside SQLite. A transaction may change every row that there is; more than there are places are all.
void RowChanges::note(std::int64_t row) {
  if (changed_.size() < kPlaces) {
    changed_.push_back(row);
  } else {
    many_ = true;
  }
}

void RowChanges::begun() {
  changed_.clear();
  many_ = false;
  const auto state = watch_.look();
  strangers_ = !state || !known_ || *state != *known_;
  known_ = state;
}

void RowChanges::committed(bool wrote) {
  // As it stands now somebody may have committed after this transaction: then the count is one too many.
  const auto state = watch_.look();
  const auto expected = known_ ? known_->commits + (wrote ? 1 : 0) : 0;
  const bool own = known_ && state && state->commits == expected && (wrote || *state == *known_);
  publish(state, strangers_ || !own);
}

void RowChanges::failed() { publish(watch_.look(), true); }

void RowChanges::look() {
  const auto state = watch_.look();
  if (state && state == known_) return;
  changed_.clear();
  publish(state, true);
}

// In this order: who sees what is known sees the changes too.
void RowChanges::publish(const std::optional<WalState>& state, bool all) {
  const auto moment = now_.load(std::memory_order_relaxed) + 1;
  for (const auto row : changed_) place_of(row).store(moment, std::memory_order_release);
  changed_.clear();
  if (all || std::exchange(many_, false)) all_.store(moment, std::memory_order_release);
  now_.store(moment, std::memory_order_release);
  known_ = state;
  known_size_.store(state ? size_of(*state) : 0, std::memory_order_release);
  known_checksum_.store(state ? state->checksum : 0, std::memory_order_release);
}

}  // namespace cpns::store::sqlite
