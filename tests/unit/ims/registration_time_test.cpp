// How long a registration stands, when it is tried again, and what the network's word makes of it.
#include "unit/ims/registration_fixture.hpp"

namespace cpns::ims {
namespace {

TEST_F(RegistrationTest, when_nobody_answers_then_pauses_double_up_to_the_longest) {
  std::vector<long> pauses;
  static_cast<void>(registration_->begin(now_));
  for (int i = 0; i < 9; ++i) {
    const auto outcome = reply({408, "Timeout", {}, {}});
    pauses.push_back(outcome.wake_after->count());
    EXPECT_TRUE(wake(outcome).send);
  }
  EXPECT_EQ(pauses, (std::vector<long>{1, 2, 4, 8, 16, 32, 64, 120, 120}));
}

TEST_F(RegistrationTest, when_a_registration_is_renewed_then_it_stands_meanwhile) {
  register_once();
  EXPECT_TRUE(registration_->on_time(now_).send);
  EXPECT_EQ(registration_->state(), State::Renewing);
  EXPECT_TRUE(registration_->registered());
  static_cast<void>(reply(challenge(number_ += 32, keys_)));
  EXPECT_TRUE(registration_->registered());
  EXPECT_EQ(reply(ok("100")).wake_after, Seconds(50));
}

TEST_F(RegistrationTest, when_the_network_ends_it_then_it_is_begun_again_only_where_the_network_asks_for_it) {
  register_once();
  EXPECT_TRUE(registration_->on_network_ended(true, Seconds(0), now_).send);
  EXPECT_EQ(registration_->state(), State::Asking);
  register_once();
  const auto rejected = registration_->on_network_ended(false, Seconds(0), now_);
  EXPECT_FALSE(rejected.send);
  EXPECT_EQ(rejected.event, Code::ims_deregistered);
  EXPECT_EQ(registration_->state(), State::Refused);
}

TEST_F(RegistrationTest, when_the_network_names_a_time_then_it_is_begun_again_after_it) {
  register_once();
  const auto later = registration_->on_network_ended(true, Seconds(40), now_);
  EXPECT_FALSE(later.send);
  EXPECT_EQ(later.wake_after, Seconds(40));
  EXPECT_FALSE(registration_->registered());
  EXPECT_FALSE(registration_->on_time(now_).send);
  EXPECT_TRUE(wake(later).send);
}

TEST_F(RegistrationTest, when_other_contacts_stand_in_the_200_then_the_time_is_that_of_ours) {
  static_cast<void>(registration_->begin(now_));
  static_cast<void>(reply(challenge(number_ += 32, keys_)));
  const auto done = reply({200,
                           "OK",
                           {{"Contact", "<sip:192.0.2.9:5060>;expires=7"},
                            {"Contact", "<sip:192.0.2.1:5060>;q=1;expires=100"},
                            {"Expires", "9"}},
                           {}});
  EXPECT_EQ(done.wake_after, Seconds(50));
}

TEST_F(RegistrationTest, when_a_renewal_is_not_answered_then_the_registration_stands_until_its_time_is_over) {
  const auto done = [&] {
    static_cast<void>(registration_->begin(now_));
    static_cast<void>(reply(challenge(number_ += 32, keys_)));
    return reply(ok("100"));
  }();
  const auto end = now_ + Seconds(100);
  auto outcome = wake(done);
  int tries = 0;
  while (registration_->registered()) {
    ASSERT_LT(++tries, 20);
    if (outcome.send) {
      EXPECT_LE(outcome.wake_after, end - now_);  // its end is not slept over while a reply is waited for
      now_ += Seconds(3);
      outcome = reply({503, "Unavailable", {}, {}});
    } else {
      outcome = wake(outcome);
    }
  }
  EXPECT_GE(tries, 5);
  EXPECT_GE(now_, end);
  EXPECT_LT(now_, end + Seconds(4));
  EXPECT_EQ(error_of(outcome), "ims_registration_lost");
  EXPECT_EQ(registration_->state(), State::Pausing);
}

TEST_F(RegistrationTest, when_its_time_is_over_while_a_renewal_is_under_way_then_it_ends_and_the_reply_still_counts) {
  register_once();
  now_ += Seconds(599'400);
  EXPECT_EQ(registration_->on_time(now_).wake_after, Seconds(600));
  now_ += Seconds(600);
  const auto ended = registration_->on_time(now_);
  EXPECT_FALSE(ended.send);
  EXPECT_FALSE(registration_->registered());
  static_cast<void>(reply(challenge(number_ += 32, keys_)));
  EXPECT_EQ(reply(ok()).event, Code::ims_registered);
}

TEST_F(RegistrationTest, when_a_renewal_is_tried_again_in_time_then_nothing_was_interrupted) {
  register_once();
  now_ += Seconds(599'400);
  static_cast<void>(registration_->on_time(now_));
  const auto failed = reply({408, "Timeout", {}, {}});
  EXPECT_EQ(failed.wake_after, Seconds(1));
  EXPECT_TRUE(registration_->registered());
  ASSERT_TRUE(wake(failed).send);
  static_cast<void>(reply(challenge(number_ += 32, keys_)));
  EXPECT_EQ(reply(ok()).event, Code::ims_reregistered);
}

TEST_F(RegistrationTest, when_a_renewal_is_refused_or_the_network_does_not_prove_itself_then_the_registration_ends) {
  register_once();
  static_cast<void>(registration_->on_time(now_));
  EXPECT_EQ(error_of(reply({403, "Forbidden", {}, {}})), "ims_registration_refused");
  EXPECT_FALSE(registration_->registered());
  register_once();
  static_cast<void>(registration_->on_time(now_));
  EXPECT_EQ(error_of(reply(challenge(number_ += 32, keys_of(9)))), "usim_network_not_proven");
  EXPECT_FALSE(registration_->registered());
}

TEST_F(RegistrationTest, when_the_network_forgets_the_user_again_and_again_then_pauses_grow_until_it_has_stood) {
  std::vector<long> pauses;
  for (int i = 0; i < 5; ++i) {
    register_once();
    const auto outcome = registration_->on_forgotten(now_);
    EXPECT_EQ(error_of(outcome), "ims_registration_lost");
    EXPECT_FALSE(registration_->registered());
    EXPECT_NE(outcome.send.has_value(), outcome.wake_after.has_value());
    pauses.push_back(outcome.wake_after.value_or(Seconds(0)).count());
    now_ += outcome.wake_after.value_or(Seconds(0));
  }
  EXPECT_EQ(pauses, (std::vector<long>{0, 1, 2, 4, 8}));
  register_once();
  now_ += Seconds(120);
  EXPECT_TRUE(registration_->on_forgotten(now_).send);
  register_once();
  EXPECT_EQ(registration_->on_network_ended(true, Seconds(0), now_).wake_after, Seconds(1));
}

TEST_F(RegistrationTest, when_the_connection_is_lost_then_it_is_renewed_and_stands_meanwhile) {
  register_once();
  const auto first = registration_->on_connection_lost(now_);
  EXPECT_TRUE(first.send);
  EXPECT_EQ(registration_->state(), State::Renewing);
  EXPECT_TRUE(registration_->registered());
  EXPECT_FALSE(registration_->on_connection_lost(now_).send);
  static_cast<void>(reply(challenge(number_ += 32, keys_)));
  static_cast<void>(reply(ok()));
  // Lost again at once: the next try waits.
  const auto second = registration_->on_connection_lost(now_);
  EXPECT_FALSE(second.send);
  EXPECT_EQ(second.wake_after, Seconds(1));
  EXPECT_TRUE(registration_->registered());
  EXPECT_TRUE(wake(second).send);
}

TEST_F(RegistrationTest, when_the_network_names_a_time_to_wait_then_the_pause_is_not_shorter) {
  static_cast<void>(registration_->begin(now_));
  EXPECT_EQ(reply({503, "", {{"Retry-After", "300 (soon)"}}, {}}).wake_after, Seconds(300));
  static_cast<void>(registration_->begin(now_));
  EXPECT_EQ(reply({503, "", {{"Retry-After", "99999999"}}, {}}).wake_after, Seconds(3600));
}

}  // namespace
}  // namespace cpns::ims
