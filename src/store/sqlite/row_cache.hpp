#pragma once
// Rows of devices that called lately, in memory, as they stand in the database: the Key Seed sealed. Whether one still
// stands is RowChanges' to say, at each look-up.

#include <deque>
#include <list>
#include <mutex>
#include <unordered_map>

#include "core/crypto/keyed_hash.hpp"
#include "store/device_store.hpp"
#include "store/sqlite/row_changes.hpp"

namespace cpns::store::sqlite {

/// Any thread. Nobody waits for another one's look-up: where two meet, one of them goes to the database.
class RowCache {
 public:
  struct Row {
    DeviceInfo info;
    Bytes sealed_key_seed;
    std::int64_t number;  ///< of the row in its table
    RowChanges::Moment since;
  };

  /// Holds `bytes` at most, with what it needs around them; 0: nothing.
  RowCache(std::size_t bytes, const RowChanges& changes, crypto::Random& random);

  /// The row of `key`; for a stranger that of its stand-in. Both take the same steps [T2]. Nothing where it is not here
  /// or does not stand any more.
  [[nodiscard]] std::optional<Row> find(const ids::CmDeviceId& key, bool stranger);
  /// A row as it was read after `row.since`.
  void put(const ids::CmDeviceId& key, Row row);
  /// A look-up of that stranger costs from now on what one of `stand_in` costs.
  void put_stranger(const ids::CmDeviceId& key, const ids::CmDeviceId& stand_in);

  [[nodiscard]] bool holds_anything() const noexcept { return limit_ > 0; }
  struct Use {
    std::uint64_t hits = 0;  ///< look-ups that it answered
    std::size_t bytes = 0;
  };
  [[nodiscard]] Use use() const;

 private:
  struct Entry {
    ids::CmDeviceId key;
    std::optional<Row> row;                   ///< of a device
    std::optional<ids::CmDeviceId> stand_in;  ///< of a stranger
    std::size_t bytes;
  };
  struct Hash {
    crypto::KeyedHash hash;
    std::size_t operator()(const ids::CmDeviceId& id) const noexcept { return hash(id.bytes()); }
  };
  using Order = std::list<Entry>;
  struct alignas(64) Shard {
    explicit Shard(const Hash& hash) : places(0, hash) {}
    mutable std::mutex mutex;
    Order order;  ///< the one that was asked for last is in front
    std::unordered_map<ids::CmDeviceId, Order::iterator, Hash> places;
    std::size_t bytes = 0;
    std::uint64_t hits = 0;
  };
  static constexpr std::size_t kShards = 64;

  [[nodiscard]] Shard& shard_of(const ids::CmDeviceId& id) noexcept {
    return shards_[hash_(id) >> 32U & (kShards - 1)];
  }
  [[nodiscard]] static Entry* find_in(Shard& shard, const ids::CmDeviceId& key);
  static void drop(Shard& shard, Order::iterator entry);
  void put(Entry entry);

  std::size_t limit_;  ///< of a shard
  const RowChanges& changes_;
  Hash hash_;
  std::deque<Shard> shards_;
};

}  // namespace cpns::store::sqlite
