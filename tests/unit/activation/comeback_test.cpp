#include "core/activation/comeback.hpp"

#include <gtest/gtest.h>

#include "core/assign/return_within.hpp"
#include "keeper.hpp"

using namespace cpns::activation;
using cpns::activation::test::Keeper;
using Texts = std::vector<std::string>;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kMost = 0xffff;

}  // namespace

TEST(Comeback, when_the_server_has_told_nothing_then_a_first_try_comes_within_half_a_second) {
  const Comeback comeback(Comeback::kUsualWindow);
  EXPECT_EQ(comeback.after_loss(0ms, 0), 0ms);
  EXPECT_EQ(comeback.after_loss(0ms, kMost), 500ms);
  EXPECT_EQ(comeback.at_start(kMost), 500ms);
}

TEST(Comeback, when_the_server_has_told_a_window_then_a_first_try_is_anywhere_in_it) {
  Comeback comeback(Comeback::kUsualWindow);
  comeback.told(40s);
  EXPECT_EQ(comeback.after_loss(0ms, 0), 0ms);
  EXPECT_NEAR(static_cast<double>(comeback.after_loss(0ms, 0x8000).count()), 20'000, 1);
  EXPECT_EQ(comeback.after_loss(0ms, kMost), 40s);
}

TEST(Comeback, whatever_a_server_tells_a_device_comes_back_within_five_minutes) {
  Comeback comeback(0ms);
  comeback.told(1h);
  EXPECT_EQ(comeback.after_loss(0ms, kMost), 300s);
  comeback.told(-1h);
  EXPECT_EQ(comeback.after_loss(0ms, kMost), 0ms);
}

TEST(Comeback, when_its_own_network_has_just_changed_then_a_loss_is_nobody_elses) {
  Comeback comeback(Comeback::kUsualWindow);
  comeback.told(40s);
  comeback.network_changed(1'000'000ms);
  EXPECT_EQ(comeback.after_loss(1'009'999ms, kMost), 500ms);
  EXPECT_EQ(comeback.after_loss(1'010'000ms, kMost), 40s);
}

TEST(Comeback, when_it_is_turned_away_again_and_again_then_its_spread_doubles_up_to_an_end) {
  Comeback comeback(0ms);
  for (const auto spread : {8s, 16s, 32s, 64s, 64s}) EXPECT_EQ(comeback.after_turned_away(kMost), spread);
  EXPECT_EQ(comeback.after_turned_away(0), 0ms) << "full jitter";
  comeback.arrived();
  EXPECT_EQ(comeback.after_turned_away(kMost), 8s);
}

TEST(Comeback, when_it_is_turned_away_although_it_came_as_it_was_told_then_it_takes_more_time_than_that) {
  Comeback comeback(0ms);
  comeback.told(20s);
  for (const auto spread : {40s, 80s, 160s, 300s, 300s}) EXPECT_EQ(comeback.after_turned_away(kMost), spread);
}

TEST(Comeback, when_a_server_has_told_a_window_then_a_lost_link_is_opened_within_it_even_where_no_link_is_up) {
  Keeper keeper({.mode = Mode::FixedDirect, .comeback = 500ms});
  keeper.pair_and_assign();
  EXPECT_EQ(keeper.pass(500ms), (Texts{"open direct"}));
  keeper.give(On::DirectUp);
  keeper.activation.told_return_within(40s);
  EXPECT_EQ(keeper.give(On::DirectDown), (Texts{"-> Degraded"}));
  EXPECT_EQ(keeper.pass(39'999ms), Texts{});
  EXPECT_EQ(keeper.pass(1ms), (Texts{"open direct"}));
}

TEST(Comeback, when_the_gateway_link_is_up_then_data_goes_on_while_the_direct_one_waits) {
  Keeper keeper;
  keeper.bring_up_both();
  keeper.activation.told_return_within(40s);
  EXPECT_EQ(keeper.give(On::DirectDown), (Texts{"-> PNE mode", "prefer gateway"}));
  EXPECT_EQ(keeper.pass(40s), (Texts{"open direct"}));
}

TEST(Comeback, when_it_was_turned_away_then_neither_haste_nor_another_network_brings_it_back_sooner) {
  Keeper keeper({.mode = Mode::FixedDirect});
  keeper.pair_and_assign();
  for (const auto spread : {8s, 16s, 32s}) {
    keeper.give(Event{.on = On::DirectDown, .turned_away = true});
    EXPECT_EQ(*keeper.activation.deadline(), keeper.now + spread);
    keeper.give(On::NetworkChanged);
    EXPECT_EQ(*keeper.activation.deadline(), keeper.now + spread);
    EXPECT_EQ(keeper.pass(spread), (Texts{"open direct"}));
  }
}

TEST(Comeback, when_the_user_wishes_it_then_a_device_that_was_turned_away_tries_at_once) {
  Keeper keeper({.mode = Mode::PreferGateway});
  keeper.pair_and_assign();
  keeper.give(On::GatewayUp);
  keeper.give(Event{.on = On::DirectDown, .turned_away = true});
  EXPECT_EQ(keeper.give({.on = On::WishChanged, .wish = Mode::FixedDirect}), (Texts{"open direct"}));
}

TEST(Comeback, when_its_network_changes_then_the_window_of_a_loss_is_over) {
  Keeper keeper({.mode = Mode::FixedDirect});
  keeper.pair_and_assign();
  keeper.give(On::DirectUp);
  keeper.activation.told_return_within(40s);
  EXPECT_EQ(keeper.give(On::DirectDown), (Texts{"-> Degraded"}));
  EXPECT_EQ(keeper.give(On::NetworkChanged), (Texts{"open direct"}));
}

TEST(ReturnWithin, what_the_server_writes_is_what_the_device_reads) {
  for (const auto within : {0ms, 1ms, 40'000ms, 300'000ms}) {
    EXPECT_EQ(cpns::assign::return_within_of(cpns::assign::return_within_payload(within)), within);
  }
}

TEST(ReturnWithin, any_other_payload_says_nothing) {
  const auto good = cpns::assign::return_within_payload(40s);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(cpns::assign::return_within_of(cpns::ByteView(good).first(size)));
  }
  auto other = good;
  other.push_back(0);
  EXPECT_FALSE(cpns::assign::return_within_of(other));
  other = good;
  other[1] = 'W';
  EXPECT_FALSE(cpns::assign::return_within_of(other));
}
