// A hundred thousand devices come back at one moment, on a virtual clock: Admission as the Server has it, Comeback as
// the devices have it. What stands between them, sockets and handshakes, is a Server that lets in so many in a second.

#include <gtest/gtest.h>

#include <algorithm>
#include <queue>
#include <random>

#include "core/activation/comeback.hpp"
#include "server/admission.hpp"
#include "support/counted_random.hpp"

namespace cpns::server {
namespace {

using activation::Comeback;
using Time = Admission::Time;

constexpr std::size_t kDevices = 100'000;
constexpr std::size_t kQueue = 16'384;

class StormTest : public ::testing::Test {
 protected:
  struct Device {
    Comeback comeback{Comeback::kUsualWindow};
    unsigned refused = 0;
    Time in{0};
  };
  struct Outcome {
    std::size_t in = 0;
    std::size_t refused_once = 0;
    std::size_t refused_more = 0;
    unsigned most = 0;
    Time all_in{0};
  };

  StormTest() : admission_({kQueue, Time{5'000}, Time{10'000}}, random_), devices_(kDevices) {}

  void tell_all(Time within) {
    for (auto& device : devices_) device.comeback.told(within);
  }

  /// Until all are in, or `limit` has passed.
  Outcome storm(double a_second, Time limit) {
    Tries tries;
    for (std::uint32_t i = 0; i < kDevices; ++i) {
      devices_[i].refused = 0;
      tries.emplace(now_ + devices_[i].comeback.after_loss(now_, chance()), i);
    }
    const auto begun = now_;
    Outcome outcome;
    double credit = 0;
    for (; outcome.in < kDevices && now_ - begun < limit; ++now_) {
      if (now_.count() % 1000 == 0) (void)admission_.storm_over(now_);
      while (!tries.empty() && tries.top().first <= now_) {
        const auto number = tries.top().second;
        tries.pop();
        come(number, tries, outcome, begun);
      }
      credit = std::min(credit + a_second / 1000, a_second / 10);
      while (credit >= 1 && !waiting_.empty()) {
        admission_.turn();
        while (credit >= 1 && admission_.may_begin()) leave_queue(tries, outcome, begun, credit);
      }
    }
    now_ += Time{600'000};
    (void)admission_.storm_over(now_);
    for (const auto& device : devices_) {
      outcome.refused_once += device.refused == 1 ? 1 : 0;
      outcome.refused_more += device.refused > 1 ? 1 : 0;
      outcome.most = std::max(outcome.most, device.refused);
    }
    return outcome;
  }

  test::CountedRandom random_;
  Admission admission_;
  std::vector<Device> devices_;
  Time now_{1'000'000};

 private:
  using Try = std::pair<Time, std::uint32_t>;
  using Tries = std::priority_queue<Try, std::vector<Try>, std::greater<>>;

  std::uint16_t chance() { return static_cast<std::uint16_t>(dice_()); }
  static RateTable::Key address_of(std::uint32_t number) {
    return rate_key_of_v4({10, static_cast<std::uint8_t>(number >> 16U), static_cast<std::uint8_t>(number >> 8U),
                           static_cast<std::uint8_t>(number)});
  }

  void come(std::uint32_t number, Tries& tries, Outcome& outcome, Time begun) {
    switch (admission_.arrive(address_of(number), now_)) {
      case Admission::Answer::Begin:
        return is_in(number, outcome, begun);
      case Admission::Answer::Wait:
        return waiting_.push(number);
      case Admission::Answer::TurnAway:
        return try_again(number, tries);
    }
  }
  void leave_queue(Tries& tries, Outcome& outcome, Time begun, double& credit) {
    const auto number = waiting_.front();
    waiting_.pop();
    if (!admission_.next(now_)) return try_again(number, tries);
    credit -= 1;
    is_in(number, outcome, begun);
  }
  void is_in(std::uint32_t number, Outcome& outcome, Time begun) {
    admission_.served();
    devices_[number].comeback.arrived();
    outcome.all_in = now_ - begun;
    ++outcome.in;
  }
  void try_again(std::uint32_t number, Tries& tries) {
    auto& device = devices_[number];
    ++device.refused;
    tries.emplace(now_ + device.comeback.after_turned_away(chance()), number);
  }

  std::mt19937 dice_{20'26};
  std::queue<std::uint32_t> waiting_;
};

constexpr double kFast = 3'300;  // of one core, about

TEST_F(StormTest, WhenDevicesWereToldWhenToComeBackThenAllGetInAndNoneIsRefusedTwice) {
  (void)storm(kFast, Time{600'000});  // from which the Server knows what it can do
  tell_all(admission_.return_within(kDevices));
  const auto told = storm(kFast, Time{600'000});
  EXPECT_EQ(told.in, kDevices);
  EXPECT_EQ(told.refused_more, 0U);
  EXPECT_EQ(told.refused_once, 0U) << "they come at four fifths of what it can do";
  EXPECT_LT(told.all_in, Time{45'000}) << "thirty seconds of work";
}

TEST_F(StormTest, WhenTheServerHasNotSeenAStormYetThenWhatItTellsIsWideEnough) {
  tell_all(admission_.return_within(kDevices));
  const auto told = storm(kFast, Time{600'000});
  EXPECT_EQ(told.in, kDevices);
  EXPECT_EQ(told.refused_once + told.refused_more, 0U);
}

TEST_F(StormTest, WhenTheServerIsSlowerThanItWasThenAllGetInAndNoneIsRefusedTwice) {
  (void)storm(kFast, Time{600'000});
  tell_all(admission_.return_within(kDevices));
  const auto told = storm(kFast * 0.6, Time{600'000});
  EXPECT_EQ(told.in, kDevices);
  EXPECT_EQ(told.refused_more, 0U);
}

TEST_F(StormTest, WhenNobodyWasToldAnythingThenAllGetInAllTheSame) {
  const auto blind = storm(kFast, Time{600'000});
  EXPECT_EQ(blind.in, kDevices);
  EXPECT_GT(blind.refused_once + blind.refused_more, kDevices / 2) << "this is what they are told for";
  EXPECT_LE(blind.most, 8U);
  EXPECT_LT(blind.all_in, Time{90'000});
  RecordProperty("refused_once", static_cast<int>(blind.refused_once));
  RecordProperty("refused_more", static_cast<int>(blind.refused_more));
  RecordProperty("all_in_ms", static_cast<int>(blind.all_in.count()));
}

}  // namespace
}  // namespace cpns::server
