#pragma once
// How often somebody may come: token buckets in a table of fixed size [V3]. Pure; from any thread, without a lock.
//
// A bucket that is full says nothing about its owner, so it may make room for another. One that is not full is never
// given away: whoever uses many addresses can not buy himself a fresh bucket for an old one. Where a set of the table
// holds no full bucket, all who are new there share one: in a flood strangers hinder strangers.
//
// A bucket is when it will be full again, which says how many tokens are in it now, and whose it is: two numbers that
// change one after the other. Threads that meet in the moment between may take a token of each other's buckets, and a
// newcomer on two threads at once may open two: then the first counts. Nobody gets more than a second burst by that.

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "server/keyed_hash.hpp"

namespace cpns::server {

class RateTable {
 public:
  using Key = std::array<std::uint8_t, 16>;
  struct Limit {
    double per_second;
    double burst;  ///< so many at once after a rest
  };

  /// `random` picks the table's secret order, so that nobody can aim at another's set.
  RateTable(Limit limit, crypto::Random& random, std::size_t sets = 1024);

  /// Whether one more may come. `now_ms` never goes back.
  [[nodiscard]] bool admit(const Key& key, std::int64_t now_ms);
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kWays = 8;
  struct Bucket {
    std::atomic<std::uint64_t> owner{0};   ///< the keyed hash of its key; of the shared one 0
    std::atomic<std::int64_t> full_at{0};  ///< nanoseconds
  };
  struct Set {
    std::array<Bucket, kWays> own{};
    Bucket shared{};
  };
  struct Found {
    Bucket* bucket;
    std::int64_t full_at;  ///< as it was seen
    std::uint64_t owner;   ///< from now on
  };
  [[nodiscard]] static Found find(Set& set, std::uint64_t owner, std::int64_t now);

  std::int64_t token_;   ///< what one costs: so many nanoseconds later it is full
  std::int64_t bucket_;  ///< from empty to full
  KeyedHash hash_;
  std::vector<Set> sets_;
  std::atomic<std::uint64_t> refused_{0};
};

/// IPv4: the address. IPv6: its first 64 bits, which one subscriber has to himself.
[[nodiscard]] RateTable::Key rate_key_of_v4(const std::array<std::uint8_t, 4>& address);
[[nodiscard]] RateTable::Key rate_key_of_v6(const std::array<std::uint8_t, 16>& address);
/// Of a name of any length.
[[nodiscard]] RateTable::Key rate_key_of(ByteView name);

}  // namespace cpns::server
