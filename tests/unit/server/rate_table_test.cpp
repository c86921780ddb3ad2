// How often somebody may come, on a clock of the test's own.
#include "server/rate_table.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "runtime/system_random.hpp"

namespace cpns::server {
namespace {

RateTable::Key key(std::uint32_t n) {
  return rate_key_of_v4({static_cast<std::uint8_t>(n >> 24U), static_cast<std::uint8_t>(n >> 16U),
                         static_cast<std::uint8_t>(n >> 8U), static_cast<std::uint8_t>(n)});
}

class Rates : public ::testing::Test {
 protected:
  std::size_t admitted(RateTable& table, const RateTable::Key& who, std::size_t tries) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < tries; ++i) count += table.admit(who, now_ms_) ? 1U : 0U;
    return count;
  }
  runtime::SystemRandom random_;
  std::int64_t now_ms_ = 1'000'000;
};

TEST_F(Rates, when_one_comes_too_often_then_a_burst_passes_and_then_the_rate) {
  RateTable table({10, 20}, random_);
  EXPECT_EQ(admitted(table, key(1), 100), 20U);
  now_ms_ += 1000;
  EXPECT_EQ(admitted(table, key(1), 100), 10U);
  now_ms_ += 60'000;
  EXPECT_EQ(admitted(table, key(1), 100), 20U) << "a rest gives back the burst and no more";
  EXPECT_EQ(table.refused(), 80U + 90U + 80U);
}

TEST_F(Rates, when_one_floods_then_another_comes_in_as_ever) {
  RateTable table({10, 20}, random_);
  (void)admitted(table, key(1), 10'000);
  EXPECT_EQ(admitted(table, key(2), 20), 20U);
}

TEST_F(Rates, when_a_flooder_uses_many_addresses_then_his_own_bucket_does_not_become_fresh) {
  RateTable table({10, 20}, random_, 1);  // one set: everybody meets
  EXPECT_EQ(admitted(table, key(1), 100), 20U);
  std::size_t others = 0;
  for (std::uint32_t n = 2; n < 2000; ++n) others += admitted(table, key(n), 1);
  EXPECT_EQ(admitted(table, key(1), 100), 0U);
  EXPECT_LT(others, 7U + 20U + 1) << "seven buckets of their own, one shared";
}

TEST_F(Rates, when_buckets_are_full_again_then_they_make_room) {
  RateTable table({10, 20}, random_, 1);
  for (std::uint32_t n = 1; n <= 8; ++n) EXPECT_EQ(admitted(table, key(n), 1), 1U);
  now_ms_ += 1000;
  EXPECT_EQ(admitted(table, key(9), 100), 20U) << "a bucket of its own";
}

TEST_F(Rates, when_addresses_are_of_one_subscriber_then_they_share_a_bucket) {
  const std::array<std::uint8_t, 16> first{0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1};
  auto second = first;
  second[15] = 99;
  auto other = first;
  other[7] = 2;
  EXPECT_EQ(rate_key_of_v6(first), rate_key_of_v6(second));
  EXPECT_NE(rate_key_of_v6(first), rate_key_of_v6(other));
  const std::array<std::uint8_t, 16> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  EXPECT_EQ(rate_key_of_v6(mapped), rate_key_of_v4({192, 0, 2, 1}));
}

TEST_F(Rates, when_one_comes_on_many_threads_at_once_then_the_burst_is_the_same) {
  RateTable table({10, 1000}, random_);
  EXPECT_TRUE(table.admit(key(1), now_ms_));
  std::atomic<std::size_t> passed{1};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { passed += admitted(table, key(1), 1000); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(passed, 1000U);
  EXPECT_EQ(table.refused(), 4001U - 1000U);
}

TEST_F(Rates, when_the_clock_stands_then_nothing_is_given_back) {
  RateTable table({1000, 5}, random_);
  EXPECT_EQ(admitted(table, key(1), 5), 5U);
  EXPECT_EQ(admitted(table, key(1), 1000), 0U);
}

}  // namespace
}  // namespace cpns::server
