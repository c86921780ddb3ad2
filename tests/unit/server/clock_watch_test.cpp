#include "server/clock_watch.hpp"

#include <gtest/gtest.h>

namespace cpns::server {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr ids::UnixTime kNoon{seconds(1'800'000'000)};

TEST(ClockWatch, when_both_clocks_go_alike_then_there_is_no_jump) {
  ClockWatch watch(kNoon, milliseconds(5000));
  for (int i = 1; i < 100; ++i) EXPECT_FALSE(watch.look(kNoon + seconds(i), milliseconds(5000 + 1001 * i)));
}

TEST(ClockWatch, when_the_clock_is_set_then_it_is_said_once_by_how_much) {
  ClockWatch watch(kNoon, milliseconds(0));
  EXPECT_EQ(watch.look(kNoon + hours(2) + seconds(1), milliseconds(1000)), hours(2));
  EXPECT_FALSE(watch.look(kNoon + hours(2) + seconds(2), milliseconds(2000)));
  EXPECT_EQ(watch.look(kNoon + seconds(3), milliseconds(3000)), -hours(2));
}

TEST(ClockWatch, when_a_time_service_corrects_some_seconds_then_nobody_is_told) {
  ClockWatch watch(kNoon, milliseconds(0));
  EXPECT_FALSE(watch.look(kNoon + seconds(1) + ClockWatch::kNoticed - seconds(1), milliseconds(1000)));
  EXPECT_TRUE(watch.look(kNoon + seconds(2) - ClockWatch::kNoticed - seconds(30), milliseconds(2000)));
}

}  // namespace
}  // namespace cpns::server
