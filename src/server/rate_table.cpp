#include "server/rate_table.hpp"

#include <algorithm>

#include "core/crypto/crypto.hpp"

namespace cpns::server {

RateTable::RateTable(Limit limit, crypto::Random& random, std::size_t sets)
    : limit_(limit), secret_(random.bytes<16>()), sets_(std::max<std::size_t>(sets, 1)) {}

void RateTable::refill(Bucket& bucket, std::int64_t now_ms) const {
  const auto passed = static_cast<double>(std::max<std::int64_t>(now_ms - bucket.at_ms, 0)) / 1000;
  bucket.tokens = std::min(bucket.tokens + passed * limit_.per_second, limit_.burst);
  bucket.at_ms = now_ms;
}

RateTable::Bucket& RateTable::bucket_of(Set& set, const Key& key, std::int64_t now_ms) const {
  Bucket* free = nullptr;
  for (auto& bucket : set.own) {
    if (bucket.used && bucket.key == key) return bucket;
    if (free != nullptr) continue;
    if (bucket.used) refill(bucket, now_ms);
    if (!bucket.used || bucket.tokens >= limit_.burst) free = &bucket;
  }
  if (free != nullptr) {
    *free = {key, limit_.burst, now_ms, true};
    return *free;
  }
  if (!set.shared.used) set.shared = {{}, limit_.burst, now_ms, true};
  return set.shared;
}

bool RateTable::admit(const Key& key, std::int64_t now_ms) {
  const auto digest = crypto::sha256({secret_, key});
  std::size_t index = 0;
  for (std::size_t i = 0; i < sizeof(std::uint32_t); ++i) index = index << 8U | digest[i];
  auto& bucket = bucket_of(sets_[index % sets_.size()], key, now_ms);
  refill(bucket, now_ms);
  if (bucket.tokens < 1) {
    ++refused_;
    return false;
  }
  bucket.tokens -= 1;
  return true;
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
