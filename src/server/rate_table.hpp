#pragma once
// How often somebody may come: token buckets in a table of fixed size [V3]. Pure.
//
// A bucket that is full says nothing about its owner, so it may make room for another. One that is not full is never
// given away: whoever uses many addresses can not buy himself a fresh bucket for an old one. Where a set of the table
// holds no full bucket, all who are new there share one: in a flood strangers hinder strangers.

#include <array>
#include <cstdint>
#include <vector>

#include "core/crypto/random.hpp"

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
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

 private:
  static constexpr std::size_t kWays = 8;
  struct Bucket {
    Key key{};
    double tokens = 0;
    std::int64_t at_ms = 0;  ///< when `tokens` was right
    bool used = false;
  };
  struct Set {
    std::array<Bucket, kWays> own{};
    Bucket shared{};
  };
  [[nodiscard]] Bucket& bucket_of(Set& set, const Key& key, std::int64_t now_ms) const;
  void refill(Bucket& bucket, std::int64_t now_ms) const;

  Limit limit_;
  std::array<std::uint8_t, 16> secret_;
  std::vector<Set> sets_;
  std::uint64_t refused_ = 0;
};

/// IPv4: the address. IPv6: its first 64 bits, which one subscriber has to himself.
[[nodiscard]] RateTable::Key rate_key_of_v4(const std::array<std::uint8_t, 4>& address);
[[nodiscard]] RateTable::Key rate_key_of_v6(const std::array<std::uint8_t, 16>& address);
/// Of a name of any length.
[[nodiscard]] RateTable::Key rate_key_of(ByteView name);

}  // namespace cpns::server
