#include "server/identity_set.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

namespace cpns::server {

namespace {

// What is in a place: nothing yet, nothing any more, or an ID with seven bits of its hash.
constexpr std::uint8_t kEmpty = 0;
constexpr std::uint8_t kGone = 1;
constexpr std::uint8_t kInUse = 0x80;
constexpr std::size_t kSmallest = 8;

struct Words {
  std::uint64_t first, second;
};

Words words_of(const ids::CmDeviceId& id) noexcept {
  Words words{};
  static_assert(sizeof words == ids::CmDeviceId::kSize);
  std::memcpy(&words, id.bytes().data(), sizeof words);
  return words;
}

}  // namespace

// Open addressing, one place after the other. A place that an ID has taken is never empty again in this table: a search
// ends at an empty one, and would else miss what stands behind it. That two threads meet in a place which is used anew
// does no harm: the one that asks finds a mixture, which is not what it looks for, or is by chance, which costs a read.
struct IdentitySet::Table {
  struct Place {
    std::atomic<std::uint64_t> first{0}, second{0};
  };
  explicit Table(std::size_t size)
      : mask(size - 1),
        marks(std::make_unique<std::atomic<std::uint8_t>[]>(size)),
        places(std::make_unique<Place[]>(size)) {}

  [[nodiscard]] std::size_t start(std::uint64_t hash) const noexcept { return hash / kShards & mask; }
  static std::uint8_t mark_of(std::uint64_t hash) noexcept { return static_cast<std::uint8_t>(kInUse | hash >> 57U); }

  [[nodiscard]] std::optional<std::size_t> find(std::uint64_t hash, const Words& words) const noexcept {
    const auto wanted = mark_of(hash);
    for (auto at = start(hash);; at = (at + 1) & mask) {
      const auto mark = marks[at].load(std::memory_order_acquire);
      if (mark == kEmpty) return std::nullopt;
      if (mark != wanted) continue;
      if (places[at].first.load(std::memory_order_relaxed) == words.first &&
          places[at].second.load(std::memory_order_relaxed) == words.second) {
        return at;
      }
    }
  }
  /// One that is not there, into a table that has room.
  void put(std::uint64_t hash, const Words& words) noexcept {
    auto at = start(hash);
    while (marks[at].load(std::memory_order_relaxed) >= kInUse) at = (at + 1) & mask;
    if (marks[at].load(std::memory_order_relaxed) == kEmpty) ++taken;
    ++live;
    places[at].first.store(words.first, std::memory_order_relaxed);
    places[at].second.store(words.second, std::memory_order_relaxed);
    marks[at].store(mark_of(hash), std::memory_order_release);
  }
  [[nodiscard]] bool has_room() const noexcept { return (taken + 1) * 8 <= (mask + 1) * 7; }

  std::size_t mask;
  std::size_t taken = 0;  ///< places that are not empty; under the shard's lock, like `live`
  std::size_t live = 0;
  std::unique_ptr<std::atomic<std::uint8_t>[]> marks;
  std::unique_ptr<Place[]> places;
};

IdentitySet::IdentitySet(crypto::Random& random) : hash_(random), shards_(std::make_unique<Shard[]>(kShards)) {}

IdentitySet::~IdentitySet() = default;

bool IdentitySet::contains(const ids::CmDeviceId& id) const noexcept {
  const auto hash = hash_of(id);
  const auto& shard = shards_[hash % kShards];
  // Sequentially consistent, as in give_back_old: either it sees that somebody asks, or who asks sees the new table.
  shard.asking.fetch_add(1, std::memory_order_seq_cst);
  const auto* table = shard.table.load(std::memory_order_seq_cst);
  const bool found = table != nullptr && table->find(hash, words_of(id)).has_value();
  shard.asking.fetch_sub(1, std::memory_order_release);
  return found;
}

void IdentitySet::insert(const ids::CmDeviceId& id) {
  const auto hash = hash_of(id);
  auto& shard = shards_[hash % kShards];
  const std::scoped_lock lock(shard.changes);
  give_back_old(shard);
  const auto* table = shard.table.load(std::memory_order_relaxed);
  if (table != nullptr && table->find(hash, words_of(id))) return;
  if (table == nullptr || !table->has_room()) make_room(shard);
  shard.tables.back()->put(hash, words_of(id));
  size_.fetch_add(1, std::memory_order_relaxed);
}

void IdentitySet::remove(const ids::CmDeviceId& id) {
  const auto hash = hash_of(id);
  auto& shard = shards_[hash % kShards];
  const std::scoped_lock lock(shard.changes);
  give_back_old(shard);
  if (shard.tables.empty()) return;
  auto& table = *shard.tables.back();
  const auto at = table.find(hash, words_of(id));
  if (!at) return;
  table.marks[*at].store(kGone, std::memory_order_release);
  --table.live;
  size_.fetch_sub(1, std::memory_order_relaxed);
}

void IdentitySet::give_back_old(Shard& shard) {
  if (shard.tables.size() < 2 || shard.asking.load(std::memory_order_seq_cst) != 0) return;
  shard.tables.erase(shard.tables.begin(), shard.tables.end() - 1);
}

/// A table in which half of the places are free at least, also of those that nobody has any more.
void IdentitySet::make_room(Shard& shard) {
  const auto* old = shard.table.load(std::memory_order_relaxed);
  const auto live = old == nullptr ? 0 : old->live;
  auto made = std::make_unique<Table>(std::max(kSmallest, std::bit_ceil(live + live / 2 + 1)));
  for (std::size_t at = 0; old != nullptr && at <= old->mask; ++at) {
    if (old->marks[at].load(std::memory_order_relaxed) < kInUse) continue;
    const Words words{old->places[at].first.load(std::memory_order_relaxed),
                      old->places[at].second.load(std::memory_order_relaxed)};
    std::array<std::uint8_t, ids::CmDeviceId::kSize> bytes{};
    std::memcpy(bytes.data(), &words, sizeof words);
    made->put(hash_(bytes), words);
  }
  shard.tables.push_back(std::move(made));
  shard.table.store(shard.tables.back().get(), std::memory_order_seq_cst);
  give_back_old(shard);
}

}  // namespace cpns::server
