#include "server/admission.hpp"

#include <gtest/gtest.h>

#include "server/device_census.hpp"
#include "support/counted_random.hpp"

namespace cpns::server {
namespace {

using Answer = Admission::Answer;
using Time = Admission::Time;

RateTable::Key address(std::uint8_t number) { return rate_key_of_v4({192, 0, 2, number}); }

class AdmissionTest : public ::testing::Test {
 protected:
  Admission made(std::size_t queue) { return Admission({queue, Time{5'000}, Time{10'000}}, random_); }
  /// Lets in what a turn of the loop does; how many that were.
  static std::size_t turn(Admission& admission, Time now) {
    std::size_t begun = 0;
    admission.turn();
    while (admission.may_begin()) begun += admission.next(now) ? 1 : 0;
    return begun;
  }
  /// A crowd of many addresses, as far as there is room.
  static void fill(Admission& admission, Time now) {
    for (int address_number = 0; address_number < 10'000; ++address_number) {
      const auto low = static_cast<std::uint8_t>(address_number);
      const auto high = static_cast<std::uint8_t>(address_number >> 8);
      (void)admission.arrive(rate_key_of_v4({10, 0, high, low}), now);
    }
  }
  test::CountedRandom random_;  // of ten thousand addresses two may be taken for one another by chance
};

TEST_F(AdmissionTest, WhenNobodyWaitsThenOneWhoComesBeginsAtOnce) {
  auto admission = made(100);
  EXPECT_EQ(admission.arrive(address(1), Time{0}), Answer::Begin);
  EXPECT_EQ(admission.waiting(), 0U);
  EXPECT_FALSE(admission.storm());
}

TEST_F(AdmissionTest, WhenATurnHasHadItsShareThenTheNextWaitAndAreLetInInOrder) {
  auto admission = made(100);
  for (std::size_t i = 0; i < Admission::kAtOnce; ++i) EXPECT_EQ(admission.arrive(address(1), Time{0}), Answer::Begin);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(admission.arrive(address(2), Time{0}), Answer::Wait);
  EXPECT_FALSE(admission.may_begin()) << "in the same turn";
  EXPECT_EQ(turn(admission, Time{1}), Admission::kAtOnce);
  EXPECT_EQ(admission.arrive(address(3), Time{1}), Answer::Wait) << "behind those who were there before";
  EXPECT_EQ(turn(admission, Time{2}), 3U);
  EXPECT_EQ(admission.arrive(address(3), Time{2}), Answer::Begin);
}

TEST_F(AdmissionTest, WhenTheQueueIsFullThenWhoComesIsTurnedAwayAndCounted) {
  auto admission = made(40);
  fill(admission, Time{0});
  EXPECT_EQ(admission.waiting(), 30U) << "a quarter is kept for those who come again";
  EXPECT_EQ(admission.turned_away(), 10'000 - 30 - Admission::kAtOnce);
  EXPECT_EQ(admission.arrive(address(1), Time{0}), Answer::TurnAway);
}

TEST_F(AdmissionTest, WhenOneWasTurnedAwayThenAPlaceIsKeptForItsReturnAlthoughTheQueueIsFullOfOthers) {
  auto admission = made(40);
  fill(admission, Time{0});
  EXPECT_EQ(admission.arrive(address(1), Time{0}), Answer::TurnAway);
  EXPECT_EQ(admission.arrive(address(1), Time{1}), Answer::Wait);
  EXPECT_EQ(admission.arrive(address(1), Time{2}), Answer::TurnAway) << "one place for one refusal";
}

TEST_F(AdmissionTest, WhenOneAddressComesWithoutEndThenOthersFindRoom) {
  auto admission = made(80);
  for (int i = 0; i < 1000; ++i) (void)admission.arrive(address(1), Time{0});
  EXPECT_EQ(admission.waiting(), 30U + 10U) << "as many as there are places left, of the usual and of the kept ones";
  for (int i = 0; i < 1000; ++i) (void)admission.arrive(address(2), Time{0});
  EXPECT_EQ(admission.waiting(), 30U + 10U + 15U + 5U);
  EXPECT_EQ(admission.arrive(address(3), Time{0}), Answer::Wait);
}

TEST_F(AdmissionTest, WhenThePlacesOfAnAddressAreLeftThenItMayWaitAgain) {
  auto admission = made(80);
  for (int i = 0; i < 1000; ++i) (void)admission.arrive(address(1), Time{0});
  EXPECT_EQ(admission.arrive(address(1), Time{0}), Answer::TurnAway);
  for (int ms = 1; admission.waiting() > 0; ++ms) turn(admission, Time{ms});
  admission.turn();
  EXPECT_EQ(admission.arrive(address(1), Time{10}), Answer::Begin);
}

TEST_F(AdmissionTest, WhenTheRateIsKnownThenNobodyBeginsToWaitLongerThanIsAllowed) {
  auto admission = made(10'000);
  fill(admission, Time{0});
  for (int ms = 0; ms < 3000; ms += 10) turn(admission, Time{ms});  // eight in ten milliseconds
  EXPECT_NEAR(admission.rate(), 800, 40);
  EXPECT_NEAR(static_cast<double>(admission.capacity()), 4000, 200) << "five seconds of it";
  EXPECT_GT(admission.estimate(), Time{5'000}) << "those who came before it was known";
  EXPECT_EQ(admission.arrive(address(1), Time{3000}), Answer::TurnAway);
}

TEST_F(AdmissionTest, WhenOneHasWaitedLongerThanDevicesDoThenItIsNotBegun) {
  auto admission = made(100);
  fill(admission, Time{0});
  const auto before = admission.turned_away();
  EXPECT_EQ(turn(admission, Time{9'999}), Admission::kAtOnce);
  EXPECT_EQ(turn(admission, Time{10'000}), 0U);
  EXPECT_EQ(admission.waiting(), 0U) << "they take no place of a turn";
  EXPECT_EQ(admission.turned_away(), before + 75 - Admission::kAtOnce);
}

TEST_F(AdmissionTest, WhenAllDevicesFindRoomAtOnceThenTheyNeedNotWaitBeforeTheyComeBack) {
  const auto admission = made(16'000);
  EXPECT_EQ(admission.return_within(8'000), Time{0});
  EXPECT_GT(admission.return_within(8'100), Time{0});
}

TEST_F(AdmissionTest, WhenTheServerKnowsWhatItCanDoThenDevicesAreToldToComeAtFourFifthsOfThat) {
  auto admission = made(16'000);
  fill(admission, Time{0});
  for (int ms = 0; ms < 3000; ms += 2) {
    for (std::size_t begun = turn(admission, Time{ms}); begun > 0; --begun) admission.served();
    for (std::uint8_t n = 1; n < 9; ++n) (void)admission.arrive(address(n), Time{ms});
  }
  EXPECT_NEAR(admission.served_rate(), 4000, 100);
  const auto within = admission.return_within(100'000);
  EXPECT_NEAR(static_cast<double>(within.count()), (100'000 - 8'000) / 4.0 * 1.25, 1000);
  EXPECT_EQ(admission.return_within(1'000'000'000), Time{300'000}) << "there is an end to it";
}

TEST_F(AdmissionTest, WhenMostWhoComeAreNoDevicesThenTheyDoNotSayWhenDevicesComeBack) {
  auto admission = made(16'000);
  fill(admission, Time{0});
  for (int ms = 0; ms < 3000; ms += 2) {
    if (turn(admission, Time{ms}) > 0) admission.served();  // one of eight
    for (std::uint8_t n = 1; n < 9; ++n) (void)admission.arrive(address(n), Time{ms});
  }
  EXPECT_GT(admission.rate(), 3000);
  EXPECT_EQ(admission.served_rate(), 0);
}

TEST_F(AdmissionTest, WhenManyWaitThenItIsAStormUntilNobodyHasWaitedForAWhile) {
  auto admission = made(1'336);
  fill(admission, Time{0});
  ASSERT_TRUE(admission.storm());
  for (int ms = 10; admission.waiting() > 0; ms += 10) {
    turn(admission, Time{ms});
    EXPECT_FALSE(admission.storm_over(Time{ms}));
  }
  EXPECT_FALSE(admission.storm_over(Time{6'000}));
  const auto over = admission.storm_over(Time{7'000});
  ASSERT_TRUE(over);
  EXPECT_EQ(over->let_in, 1'002U);
  EXPECT_EQ(over->longest, 1'002U);
  EXPECT_EQ(over->turned_away, admission.turned_away());
  EXPECT_EQ(over->last, Time{1'260});
  EXPECT_FALSE(admission.storm_over(Time{8'000})) << "once";
}

TEST(DeviceCensus, WhenDevicesAreCountedThenTheCensusIsNearAndForgetsWhoHasNotBeenHere) {
  const KeyedHash hash(1, 2);
  DeviceCensus census;
  const auto see = [&](std::uint32_t count, Time now) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::array<std::uint8_t, 4> name{static_cast<std::uint8_t>(i >> 24), static_cast<std::uint8_t>(i >> 16),
                                             static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
      census.saw(hash(name), now);
    }
  };
  const auto start = DeviceCensus::kSpan;
  EXPECT_EQ(census.estimate(start), 0U);
  see(100, start);
  EXPECT_NEAR(static_cast<double>(census.estimate(start)), 100, 5);
  see(100'000, start);
  see(100'000, start);
  EXPECT_NEAR(static_cast<double>(census.estimate(start)), 100'000, 6'000) << "each once";
  see(100, start + DeviceCensus::kSpan);
  EXPECT_NEAR(static_cast<double>(census.estimate(start + DeviceCensus::kSpan)), 100'000, 6'000);
  EXPECT_NEAR(static_cast<double>(census.estimate(start + 2 * DeviceCensus::kSpan)), 100, 5);
  EXPECT_EQ(census.estimate(start + 4 * DeviceCensus::kSpan), 0U);
}

}  // namespace
}  // namespace cpns::server
