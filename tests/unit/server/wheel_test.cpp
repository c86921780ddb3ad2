#include "server/wheel.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace cpns::server {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Waiting final : public Wheel::Member {
 public:
  explicit Waiting(std::function<void()> due) : due_(std::move(due)) {}

 private:
  void on_due() override { due_(); }
  std::function<void()> due_;
};

class WheelTest : public ::testing::Test {
 protected:
  /// Until `done`, or the test has failed.
  void run_until(const std::function<bool()>& done) {
    const auto end = Clock::now() + 20s;
    context_.restart();
    while (!done() && Clock::now() < end) context_.run_one_until(end);
    EXPECT_TRUE(done());
  }
  runtime::asio::io_context context_;
  Wheel wheel_{context_.get_executor()};
};

TEST_F(WheelTest, when_a_time_has_passed_then_its_member_is_called_once_and_not_before) {
  int calls = 0;
  Waiting late([&] { ++calls; });
  const auto begun = Clock::now();
  wheel_.enter(late, 150ms);
  run_until([&] { return calls > 0; });
  EXPECT_GE(Clock::now() - begun, 150ms - Wheel::kTick);
  bool other = false;
  Waiting next([&] { other = true; });
  wheel_.enter(next, 3 * Wheel::kTick);
  run_until([&] { return other; });
  EXPECT_EQ(calls, 1);
}

TEST_F(WheelTest, when_several_wait_then_they_are_called_in_the_order_of_their_times) {
  std::string order;
  Waiting third([&] { order += 'c'; }), first([&] { order += 'a'; }), second([&] { order += 'b'; });
  wheel_.enter(third, 3 * Wheel::kTick);
  wheel_.enter(first, 1ms);
  wheel_.enter(second, 2 * Wheel::kTick);
  run_until([&] { return order.size() == 3; });
  EXPECT_EQ(order, "abc");
}

TEST_F(WheelTest, when_a_member_enters_again_then_its_first_time_is_forgotten) {
  int calls = 0;
  Waiting moved([&] { ++calls; });
  wheel_.enter(moved, Wheel::kTick);
  wheel_.enter(moved, 3 * Wheel::kTick);
  bool other = false;
  Waiting later([&] { other = true; });
  wheel_.enter(later, 4 * Wheel::kTick);
  run_until([&] { return other; });
  EXPECT_EQ(calls, 1);
}

TEST_F(WheelTest, when_a_member_leaves_or_is_destroyed_then_it_is_not_called) {
  int calls = 0;
  Waiting left([&] { ++calls; });
  auto gone = std::make_unique<Waiting>([&] { ++calls; });
  bool other = false;
  Waiting later([&] { other = true; });
  wheel_.enter(left, Wheel::kTick);
  wheel_.enter(*gone, Wheel::kTick);
  wheel_.enter(later, 2 * Wheel::kTick);
  left.leave();
  gone.reset();
  run_until([&] { return other; });
  EXPECT_EQ(calls, 0);
}

TEST_F(WheelTest, when_members_of_one_moment_end_each_other_then_only_the_first_is_called) {
  int calls = 0;
  std::unique_ptr<Waiting> one, two;
  one = std::make_unique<Waiting>([&] { ++calls, two.reset(); });
  two = std::make_unique<Waiting>([&] { ++calls, one.reset(); });
  bool other = false;
  Waiting later([&] { other = true; });
  wheel_.enter(*one, Wheel::kTick);
  wheel_.enter(*two, Wheel::kTick);
  wheel_.enter(later, 2 * Wheel::kTick);
  run_until([&] { return other; });
  EXPECT_EQ(calls, 1);
}

TEST_F(WheelTest, when_a_member_enters_again_each_time_then_it_is_called_each_time) {
  int calls = 0;
  Waiting* self = nullptr;
  Waiting again([&] {
    if (++calls < 3) wheel_.enter(*self, Wheel::kTick);
  });
  self = &again;
  wheel_.enter(again, Wheel::kTick);
  run_until([&] { return calls == 3; });
}

TEST_F(WheelTest, when_nobody_waits_then_the_loop_has_nothing_to_do) {
  bool called = false;
  Waiting one([&] { called = true; });
  wheel_.enter(one, Wheel::kTick);
  context_.run_for(20s);
  EXPECT_TRUE(called);
  EXPECT_TRUE(context_.stopped()) << "an empty wheel turns no more";
}

TEST(Wheel, when_the_wheel_goes_first_then_its_members_may_stay) {
  runtime::asio::io_context context;
  auto wheel = std::make_unique<Wheel>(context.get_executor());
  bool called = false;
  Waiting one([&] { called = true; });
  wheel->enter(one, Wheel::kTick);
  wheel.reset();
  context.run_for(20s);
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace cpns::server
