#include "server/rate_table.hpp"

#include <algorithm>
#include <cmath>

#include "core/crypto/crypto.hpp"

namespace cpns::server {

RateTable::RateTable(Limit limit, crypto::Random& random, std::size_t sets)
    : token_(std::max<std::int64_t>(std::llround(1e9 / limit.per_second), 1)),
      bucket_(std::llround(limit.burst * static_cast<double>(token_))),
      hash_(random),
      sets_(std::max<std::size_t>(sets, 1)) {}

RateTable::Found RateTable::find(Set& set, std::uint64_t owner, std::int64_t now) {
  Found free{nullptr, 0, owner};
  for (auto& bucket : set.own) {
    const auto full_at = bucket.full_at.load(std::memory_order_relaxed);
    if (full_at > now && bucket.owner.load(std::memory_order_relaxed) == owner) return {&bucket, full_at, owner};
    if (full_at <= now && free.bucket == nullptr) free = {&bucket, full_at, owner};
  }
  if (free.bucket != nullptr) return free;
  return {&set.shared, set.shared.full_at.load(std::memory_order_relaxed), 0};
}

bool RateTable::admit(const Key& key, std::int64_t now_ms) {
  const auto owner = hash_(key);
  const auto now = now_ms * 1'000'000;
  auto& set = sets_[owner % sets_.size()];
  for (;;) {
    auto found = find(set, owner, now);
    const auto full_at = std::max(found.full_at, now) + token_;
    if (full_at - now > bucket_) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    if (!found.bucket->full_at.compare_exchange_strong(found.full_at, full_at, std::memory_order_relaxed)) continue;
    found.bucket->owner.store(found.owner, std::memory_order_relaxed);
    return true;
  }
}

RateTable::Key rate_key_of_v4(const std::array<std::uint8_t, 4>& address) {
  RateTable::Key key{};
  key[10] = key[11] = 0xff;
  std::ranges::copy(address, key.begin() + 12);
  return key;
}

RateTable::Key rate_key_of_v6(const std::array<std::uint8_t, 16>& address) {
  RateTable::Key key{};
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool is_v4 = std::equal(kMapped.begin(), kMapped.end(), address.begin());
  std::copy_n(address.begin(), is_v4 ? 16 : 8, key.begin());
  return key;
}

RateTable::Key rate_key_of(ByteView name) {
  const auto digest = crypto::sha256({name});
  RateTable::Key key{};
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

}  // namespace cpns::server
