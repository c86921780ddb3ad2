#include "store/sqlite/row_cache.hpp"

namespace cpns::store::sqlite {
namespace {

/// What malloc and the containers take around an entry: nodes of list and map, a bucket.
constexpr std::size_t kAround = 128;

std::size_t bytes_of(const std::string& text) { return text.size() < 16 ? 0 : text.capacity() + 16; }

std::size_t bytes_of(const RowCache::Row& row) {
  return bytes_of(row.info.pn_gw_id.text()) + bytes_of(row.info.device_name.text()) + row.sealed_key_seed.capacity() +
         16;
}

}  // namespace

RowCache::RowCache(std::size_t bytes, const RowChanges& changes, crypto::Random& random)
    : limit_(bytes / kShards), changes_(changes), hash_{crypto::KeyedHash(random)} {
  for (std::size_t i = 0; i < kShards; ++i) shards_.emplace_back(hash_);
}

RowCache::Entry* RowCache::find_in(Shard& shard, const ids::CmDeviceId& key) {
  const auto found = shard.places.find(key);
  if (found == shard.places.end()) return nullptr;
  shard.order.splice(shard.order.begin(), shard.order, found->second);
  return &shard.order.front();
}

std::optional<RowCache::Row> RowCache::find(const ids::CmDeviceId& key, bool stranger) {
  auto of = key;
  {
    auto& shard = shard_of(key);
    const std::unique_lock lock(shard.mutex, std::try_to_lock);
    const auto* entry = lock ? find_in(shard, key) : nullptr;
    if (entry == nullptr || entry->stand_in.has_value() != stranger) return std::nullopt;
    of = entry->stand_in.value_or(key);
  }
  // A device's own row is looked for a second time, because a stranger's stand-in has to be.
  auto& shard = shard_of(of);
  const std::unique_lock lock(shard.mutex, std::try_to_lock);
  const auto* entry = lock ? find_in(shard, of) : nullptr;
  if (entry == nullptr || !entry->row || !changes_.stands(entry->row->number, entry->row->since)) return std::nullopt;
  ++shard.hits;
  return entry->row;
}

void RowCache::put(const ids::CmDeviceId& key, Row row) {
  const auto bytes = bytes_of(row);
  put({key, std::move(row), {}, sizeof(Entry) + kAround + bytes});
}

void RowCache::put_stranger(const ids::CmDeviceId& key, const ids::CmDeviceId& stand_in) {
  put({key, {}, stand_in, sizeof(Entry) + kAround});
}

void RowCache::put(Entry entry) {
  if (entry.bytes > limit_) return;
  auto& shard = shard_of(entry.key);
  const std::unique_lock lock(shard.mutex, std::try_to_lock);
  if (!lock) return;
  if (const auto old = shard.places.find(entry.key); old != shard.places.end()) drop(shard, old->second);
  shard.bytes += entry.bytes;
  shard.order.push_front(std::move(entry));
  shard.places.emplace(shard.order.front().key, shard.order.begin());
  while (shard.bytes > limit_) drop(shard, std::prev(shard.order.end()));
}

void RowCache::drop(Shard& shard, Order::iterator entry) {
  shard.bytes -= entry->bytes;
  shard.places.erase(entry->key);
  shard.order.erase(entry);
}

RowCache::Use RowCache::use() const {
  Use all;
  for (const auto& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    all.hits += shard.hits;
    all.bytes += shard.bytes;
  }
  return all;
}

}  // namespace cpns::store::sqlite
