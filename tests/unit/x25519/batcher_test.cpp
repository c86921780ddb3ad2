// Batches form under load alone, and nobody waits for long.
#include "tls/x25519/batcher.hpp"

#include "reference.hpp"

namespace cpns::tls::x25519 {
namespace {

using namespace std::chrono_literals;

class CountedBytes final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

class BatcherTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!eight_at_once()) GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  }
  static Number key(std::size_t n) { return Number{static_cast<std::uint8_t>(n)}; }
  void add(std::size_t n) { batcher_.add(Reference(key(n)).share(), now_); }

  CountedBytes random_;
  Batcher batcher_{random_, Way::Eight};
  Batcher::Time now_ = 5h;
};

TEST_F(BatcherTest, when_nobody_waits_then_nothing_is_due_and_nothing_is_made) {
  EXPECT_FALSE(batcher_.due(now_));
  EXPECT_TRUE(batcher_.run().empty());
}

TEST_F(BatcherTest, when_one_has_waited_for_100_microseconds_then_it_is_due_and_not_before) {
  add(0);
  EXPECT_FALSE(batcher_.due(now_));
  now_ += 60us;
  add(1);
  EXPECT_FALSE(batcher_.due(now_ + 40us - 1ns));
  EXPECT_TRUE(batcher_.due(now_ + 40us)) << "since the first came, not the last";
}

TEST_F(BatcherTest, when_some_have_come_close_behind_one_another_then_one_waits_for_others_for_a_millisecond) {
  for (std::size_t n = 0; n < 40; ++n, now_ += 100us) {
    add(n);
    if (batcher_.waiting() == kMost) (void)batcher_.run();
  }
  EXPECT_TRUE(batcher_.in_crowd());
  ASSERT_EQ(batcher_.waiting(), 0U);
  add(0);
  EXPECT_FALSE(batcher_.due(now_ + 1ms - 1ns));
  EXPECT_TRUE(batcher_.due(now_ + 1ms));
}

TEST_F(BatcherTest, when_a_crowd_is_gone_then_the_next_ones_wait_no_longer_than_one_alone) {
  for (std::size_t n = 0; n < 40; ++n, now_ += 100us) add(n);
  (void)batcher_.run();
  EXPECT_TRUE(batcher_.in_crowd());
  now_ += 1s;
  add(0);
  EXPECT_FALSE(batcher_.in_crowd());
  EXPECT_TRUE(batcher_.due(now_ + 100us));
}

TEST_F(BatcherTest, when_nobody_came_though_somebody_was_expected_then_the_crowd_is_doubted) {
  for (std::size_t n = 0; n < 40; ++n, now_ += 600us) add(n);
  (void)batcher_.run();
  EXPECT_TRUE(batcher_.in_crowd());
  add(0);
  (void)batcher_.run();
  EXPECT_FALSE(batcher_.in_crowd());
}

TEST_F(BatcherTest, when_two_at_a_time_come_again_and_again_then_they_are_no_crowd) {
  for (std::size_t n = 0; n < 40; ++n, now_ += 4ms) {
    add(n);
    add(n);
    (void)batcher_.run();
  }
  EXPECT_FALSE(batcher_.in_crowd());
}

TEST_F(BatcherTest, when_eight_wait_then_they_are_due_at_once) {
  for (std::size_t n = 0; n < kMost; ++n) {
    EXPECT_FALSE(batcher_.due(now_));
    add(n);
  }
  EXPECT_TRUE(batcher_.due(now_));
}

TEST_F(BatcherTest, when_it_runs_then_each_gets_its_own_secret_in_the_order_of_asking) {
  for (const std::size_t count : {1U, 3U, 8U, 19U}) {
    for (std::size_t n = 0; n < count; ++n) add(n);
    EXPECT_EQ(batcher_.waiting(), count);
    const auto made = batcher_.run();
    ASSERT_EQ(made.size(), count);
    for (std::size_t n = 0; n < count; ++n) {
      const auto expected = Reference(key(n)).times(made[n].mine);
      ASSERT_TRUE(made[n].secret);
      EXPECT_TRUE(made[n].secret->equals(SharedSecret(expected, secret::SecretAccess{})));
    }
    EXPECT_EQ(batcher_.waiting(), 0U);
    EXPECT_FALSE(batcher_.due(now_ + 1h)) << "what was made waits no longer";
  }
}

TEST_F(BatcherTest, when_the_last_batch_was_long_ago_then_a_new_one_waits_from_its_own_first) {
  add(0);
  (void)batcher_.run();
  now_ += 1h;
  add(1);
  EXPECT_FALSE(batcher_.due(now_));
}

TEST(PortableBatcher, when_nothing_is_made_together_then_nobody_waits) {
  CountedBytes random;
  Batcher batcher(random, Way::Portable);
  batcher.add(Reference(Number{7}).share(), 0ns);
  EXPECT_TRUE(batcher.due(0ns));
  EXPECT_TRUE(batcher.run().front().secret);
}

}  // namespace
}  // namespace cpns::tls::x25519
