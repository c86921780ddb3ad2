#include <gtest/gtest.h>

#include "keeper.hpp"

using namespace cpns::activation;
using cpns::activation::test::Keeper;
using Texts = std::vector<std::string>;
using namespace std::chrono_literals;

TEST(Activation, a_device_begins_unpaired_and_waits_for_nothing) {
  Keeper keeper;
  EXPECT_EQ(keeper.activation.state(), State::Unpaired);
  EXPECT_FALSE(keeper.activation.deadline());
}

TEST(Activation, when_id_and_key_are_there_then_both_links_are_opened) {
  Keeper keeper;
  EXPECT_EQ(keeper.give(On::Paired), (Texts{"-> Paired"}));
  EXPECT_EQ(keeper.give(On::Assigned), (Texts{"-> Assigned", "open gateway", "open direct"}));
}

TEST(Activation, without_a_standby_the_second_link_is_opened_only_when_the_first_choice_fails) {
  Keeper keeper({.standby = false});
  keeper.give(On::Paired);
  EXPECT_EQ(keeper.give(On::Assigned), (Texts{"-> Assigned", "open direct"}));
  EXPECT_EQ(keeper.give(On::DirectDown), (Texts{"open gateway"}));
  EXPECT_EQ(keeper.give(On::GatewayUp), (Texts{"-> PNE mode", "prefer gateway"}));
}

TEST(Activation, when_direct_comes_up_beside_the_gateway_then_data_moves_before_anything_is_closed) {
  Keeper keeper({.standby = false});
  keeper.pair_and_assign();
  keeper.give(On::DirectDown);
  keeper.give(On::GatewayUp);
  EXPECT_EQ(keeper.pass(1s), (Texts{"open direct"}));
  EXPECT_EQ(keeper.give(On::DirectUp), (Texts{"-> Switching", "prefer direct", "finish gateway"}));
  EXPECT_EQ(keeper.give(On::GatewayDown), (Texts{"-> PNE+PN GW mode"}));
}

TEST(Activation, with_a_standby_the_old_link_stays_open_after_a_switch) {
  Keeper keeper;
  keeper.pair_and_assign();
  keeper.give(On::GatewayUp);
  EXPECT_EQ(keeper.give(On::DirectUp), (Texts{"-> Switching", "prefer direct"}));
  EXPECT_EQ(keeper.give(On::Settled), (Texts{"-> PNE+PN GW mode"}));
  EXPECT_TRUE(keeper.activation.is_up(Path::Gateway));
}

TEST(Activation, when_direct_is_lost_then_the_standby_carries_at_once_and_direct_is_tried_again) {
  Keeper keeper;
  keeper.bring_up_both();
  EXPECT_EQ(keeper.give(On::DirectDown), (Texts{"-> PNE mode", "prefer gateway", "open direct"}));
}

TEST(Activation, after_a_loss_direct_must_hold_and_answer_before_it_is_chosen_again) {
  Keeper keeper;
  keeper.bring_up_both();
  keeper.give(On::DirectDown);
  EXPECT_EQ(keeper.give(On::DirectUp), Texts{});
  EXPECT_EQ(keeper.pass(4999ms), Texts{});
  EXPECT_EQ(keeper.pass(1ms), (Texts{"probe direct"}));
  EXPECT_EQ(keeper.give({.on = On::ProbeOk, .path = Path::Direct}), (Texts{"-> Switching", "prefer direct"}));
}

TEST(Activation, when_direct_keeps_failing_then_its_hold_doubles) {
  Keeper keeper;
  keeper.bring_up_both();
  for (const auto hold : {5s, 10s, 20s, 40s}) {
    keeper.give(On::DirectDown);
    while (keeper.all.back().kind != Action::Kind::Open) keeper.pass(1s);
    keeper.give(On::DirectUp);
    EXPECT_EQ(keeper.pass(hold - 1ms), Texts{});
    EXPECT_EQ(keeper.pass(1ms), (Texts{"probe direct"}));
  }
}

TEST(Activation, a_link_that_does_not_answer_is_aborted_and_the_other_one_carries) {
  Keeper keeper;
  keeper.bring_up_both();
  EXPECT_EQ(keeper.give(On::NetworkChanged), (Texts{"probe gateway", "probe direct"}));
  keeper.give({.on = On::ProbeOk, .path = Path::Gateway});
  EXPECT_EQ(keeper.pass(3s), (Texts{"abort direct", "-> PNE mode", "prefer gateway"}));
}

TEST(Activation, a_network_change_ends_a_pause_at_once) {
  Keeper keeper({.mode = Mode::FixedDirect});
  keeper.pair_and_assign();
  for (int i = 0; i < 8; ++i) {
    keeper.give(On::DirectDown);
    keeper.pass(60s);
  }
  keeper.give(On::DirectDown);
  EXPECT_EQ(keeper.pass(10s), Texts{});
  EXPECT_EQ(keeper.give(On::NetworkChanged), (Texts{"open direct"}));
}

TEST(Activation, an_attempt_on_the_old_network_is_given_up_at_a_network_change) {
  Keeper keeper({.mode = Mode::FixedDirect});
  keeper.pair_and_assign();
  keeper.pass(1s);
  EXPECT_EQ(keeper.give(On::NetworkChanged), (Texts{"abort direct"}));
  EXPECT_EQ(keeper.give(On::DirectDown), (Texts{"open direct"}));
}

TEST(Activation, pauses_double_up_to_the_longest_and_vary_with_chance) {
  Keeper keeper;
  keeper.pair_and_assign();
  keeper.give(On::GatewayUp);
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    keeper.random = 0xffff;
    keeper.give(On::DirectDown);
    EXPECT_EQ(*keeper.activation.deadline(), keeper.now + pause);
    keeper.pass(pause);
  }
  keeper.random = 0;
  keeper.give(On::DirectDown);
  EXPECT_EQ(*keeper.activation.deadline(), keeper.now + 30s);
}

TEST(Activation, while_no_link_is_up_pauses_stay_well_below_what_streams_wait) {
  Keeper keeper({.mode = Mode::FixedDirect});
  keeper.pair_and_assign();
  for (const auto pause : {1s, 2s, 4s, 8s, 15s, 15s}) {
    keeper.give(On::DirectDown);
    EXPECT_EQ(*keeper.activation.deadline(), keeper.now + pause);
    keeper.pass(pause);
  }
}

TEST(Activation, when_the_last_link_is_lost_then_a_long_pause_of_the_other_one_is_cut_short) {
  Keeper keeper;
  keeper.pair_and_assign();
  keeper.give(On::GatewayUp);
  for (int i = 0; i < 8; ++i) {
    keeper.give(On::DirectDown);
    keeper.pass(i < 7 ? 60s : 0s);
  }
  EXPECT_EQ(*keeper.activation.deadline(), keeper.now + 60s);
  keeper.give(On::GatewayDown);
  keeper.pass(14s);
  EXPECT_EQ(keeper.pass(1s), (Texts{"open direct"}));
}

TEST(Activation, a_refused_link_is_tried_again_only_after_the_longest_pause) {
  Keeper keeper({.mode = Mode::FixedDirect});
  keeper.pair_and_assign();
  keeper.give({.on = On::DirectDown, .refused = true});
  EXPECT_EQ(*keeper.activation.deadline(), keeper.now + 60s);
}

TEST(Activation, what_the_user_wants_happens_at_once_in_spite_of_hold_and_limit) {
  Keeper keeper({.switches_per_minute = 1});
  keeper.bring_up_both();
  for (int i = 0; i < 20; ++i) {
    const auto to = i % 2 == 0 ? Mode::PreferGateway : Mode::PreferDirect;
    const auto done = keeper.give({.on = On::WishChanged, .wish = to});
    EXPECT_EQ(done.front(), "-> Switching");
    keeper.give(On::Settled);
  }
  EXPECT_EQ(keeper.activation.state(), State::PnePnGwMode);
  EXPECT_EQ(keeper.activation.switches(), 21U);
}

TEST(Activation, a_wish_for_a_link_that_is_not_up_is_granted_when_it_is_and_the_old_one_carries_meanwhile) {
  Keeper keeper;
  keeper.pair_and_assign();
  keeper.give(On::DirectDown);
  keeper.give(On::GatewayUp);
  EXPECT_EQ(keeper.give({.on = On::WishChanged, .wish = Mode::FixedDirect}), (Texts{"open direct"}));
  EXPECT_EQ(keeper.activation.state(), State::PneMode);
  EXPECT_EQ(keeper.give(On::DirectUp), (Texts{"-> Switching", "prefer direct", "finish gateway"}));
}

TEST(Activation, a_wish_that_comes_during_a_switch_is_granted_after_it) {
  Keeper keeper;
  keeper.pair_and_assign();
  keeper.give(On::GatewayUp);
  keeper.give(On::DirectUp);
  EXPECT_EQ(keeper.give({.on = On::WishChanged, .wish = Mode::FixedGateway}), Texts{});
  EXPECT_EQ(keeper.give(On::Settled), (Texts{"-> PNE+PN GW mode"}));
  EXPECT_EQ(keeper.pass(0s), (Texts{"-> Switching", "prefer gateway", "finish direct"}));
}

TEST(Activation, switches_that_nobody_asked_for_are_limited_in_a_minute) {
  Keeper keeper({.hold = 0ms, .switches_per_minute = 2});
  keeper.bring_up_both();
  int switches = 1;
  for (int i = 0; i < 30; ++i) {
    keeper.give(On::DirectDown);
    keeper.pass(1s);
    keeper.give(On::DirectUp);
    keeper.pass(500ms);
    keeper.give({.on = On::ProbeOk, .path = Path::Direct});
    if (keeper.activation.state() == State::Switching) ++switches;
    keeper.give(On::Settled);
  }
  EXPECT_LE(switches, 2);
}

TEST(Activation, without_any_link_streams_wait_and_both_links_are_tried) {
  Keeper keeper;
  keeper.bring_up_both();
  keeper.give(On::GatewayDown);
  EXPECT_EQ(keeper.give(On::DirectDown), (Texts{"-> Degraded", "open direct"}));
  EXPECT_EQ(keeper.give(On::GatewayUp), (Texts{"-> PNE mode", "prefer gateway"}));
}

TEST(Activation, when_the_new_link_breaks_during_a_switch_then_the_old_one_goes_on) {
  Keeper keeper;
  keeper.pair_and_assign();
  keeper.give(On::GatewayUp);
  keeper.give(On::DirectUp);
  EXPECT_EQ(keeper.give(On::DirectDown).front(), "-> PNE mode");
  EXPECT_EQ(keeper.activation.preferred(), Path::Gateway);
}

TEST(Activation, an_old_link_that_does_not_end_in_time_is_aborted) {
  Keeper keeper({.standby = false});
  keeper.pair_and_assign();
  keeper.give(On::DirectDown);
  keeper.give(On::GatewayUp);
  keeper.pass(1s);
  keeper.give(On::DirectUp);
  EXPECT_EQ(keeper.pass(5s), (Texts{"-> PNE+PN GW mode", "abort gateway"}));
}

TEST(Activation, a_pne_without_a_key_knows_only_the_gateway) {
  for (const auto mode : {Mode::PreferDirect, Mode::FixedDirect, Mode::FixedGateway}) {
    Keeper keeper({.mode = mode});
    EXPECT_EQ(keeper.give({.on = On::Paired, .keyless = true}), (Texts{"-> Paired", "open gateway"}));
    EXPECT_EQ(keeper.give(On::GatewayUp), (Texts{"-> PNE mode", "prefer gateway"}));
    EXPECT_EQ(keeper.give(On::GatewayDown), (Texts{"-> Degraded", "open gateway"}));
  }
}

TEST(Activation, a_device_without_a_gateway_goes_direct_whatever_its_policy_says) {
  Keeper keeper({.mode = Mode::FixedGateway});
  keeper.give(On::Paired);
  EXPECT_EQ(keeper.give({.on = On::Assigned, .gateway = false}), (Texts{"-> Assigned", "open direct"}));
}

TEST(Activation, when_the_credential_is_gone_then_every_link_ends) {
  Keeper keeper;
  keeper.bring_up_both();
  EXPECT_EQ(keeper.give(On::CredentialGone), (Texts{"-> Unpaired", "finish gateway", "finish direct"}));
  EXPECT_FALSE(keeper.activation.preferred());
}
