#include "support/net/impairment.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cpns::test {
namespace {

using namespace std::chrono_literals;
using Time = PacketFates::Time;

constexpr auto kBegin = Time(1000s);

std::vector<std::optional<Time>> fates(const Impairment& impairment, int packets, std::chrono::microseconds apart) {
  PacketFates each(impairment);
  std::vector<std::optional<Time>> all;
  for (int i = 0; i < packets; ++i) all.push_back(each.next(1000, kBegin + i * apart));
  return all;
}

TEST(Impairment, when_there_is_none_then_every_packet_goes_on_at_once) {
  for (const auto& fate : fates({}, 100, 0us)) EXPECT_EQ(fate, kBegin);
}

TEST(Impairment, when_the_seed_is_the_same_then_so_are_the_fates) {
  const Impairment bad{.delay = 10ms, .jitter = 5ms, .loss = 0.1, .reorder = 0.1, .seed = 7};
  auto other = bad;
  other.seed = 8;
  EXPECT_EQ(fates(bad, 1000, 10us), fates(bad, 1000, 10us));
  EXPECT_NE(fates(bad, 1000, 10us), fates(other, 1000, 10us));
}

TEST(Impairment, when_packets_are_lost_then_it_is_the_share_that_was_asked_for) {
  const auto all = fates({.loss = 0.02}, 100'000, 0us);
  const auto lost = std::count(all.begin(), all.end(), std::nullopt);
  EXPECT_GT(lost, 1800);
  EXPECT_LT(lost, 2200);
}

TEST(Impairment, when_there_is_jitter_then_delays_stay_within_it_and_packets_overtake) {
  const auto all = fates({.delay = 10ms, .jitter = 2ms}, 1000, 100us);
  int overtaken = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto sent = kBegin + static_cast<int>(i) * 100us;
    EXPECT_GE(*all[i], sent + 8ms);
    EXPECT_LE(*all[i], sent + 12ms);
    if (i > 0 && *all[i] < *all[i - 1]) ++overtaken;
  }
  EXPECT_GT(overtaken, 100);
}

TEST(Impairment, when_the_rate_is_limited_then_packets_leave_at_that_rate_and_a_full_queue_drops) {
  const auto all = fates({.bytes_per_second = 1e6, .queue_bytes = 10'000}, 100, 0us);
  ASSERT_TRUE(all[0] && all[1]);
  EXPECT_EQ(*all[1] - *all[0], 1ms);
  const auto lost = std::count(all.begin(), all.end(), std::nullopt);
  EXPECT_GE(lost, 88);
  EXPECT_LE(lost, 90);
}

}  // namespace
}  // namespace cpns::test
