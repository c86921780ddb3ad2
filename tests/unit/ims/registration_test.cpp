// A registration against a network in this file, which holds the same K: what is sent, and what becomes of it.
#include "ims/digest_answer.hpp"
#include "unit/ims/registration_fixture.hpp"

namespace cpns::ims {
namespace {

TEST_F(RegistrationTest, when_the_network_knows_the_key_then_res_is_the_answer_and_the_user_is_registered) {
  const auto first = registration_->begin(now_);
  ASSERT_TRUE(first.send);
  EXPECT_EQ(first.send->uri, "sip:cpns.test");
  EXPECT_EQ(first.send->next_hop, "sip:p.cpns.test;transport=tcp");
  EXPECT_NE(authorization(first).find("username=\"gw1@cpns.test\""), std::string::npos);
  EXPECT_NE(authorization(first).find("response=\"\""), std::string::npos);

  const auto asked = challenge(32, keys_);
  const auto answered = reply(asked);
  EXPECT_EQ(registration_->state(), State::Answering);
  EXPECT_FALSE(registration_->registered());
  const auto parsed = parse_digest_challenge(find_header(asked.headers, "WWW-Authenticate"));
  ASSERT_TRUE(parsed.ok());
  const auto expected = answer_digest(*parsed, {"gw1@cpns.test", "REGISTER", "sip:cpns.test", "any", 1},
                                      milenage_secrets(keys_, rand_).res);
  ASSERT_TRUE(expected.ok());
  EXPECT_EQ(authorization(answered), *expected);
  EXPECT_NE(find_header(answered.send->headers, "CSeq"), find_header(first.send->headers, "CSeq"));
  EXPECT_EQ(find_header(answered.send->headers, "Call-ID"), find_header(first.send->headers, "Call-ID"));

  const auto done = reply(ok());
  EXPECT_TRUE(registration_->registered());
  EXPECT_EQ(done.event, Code::ims_registered);
  EXPECT_EQ(done.wake_after, Seconds(599'400));
  EXPECT_EQ(registration_->service_route(), "<sip:orig@s.cpns.test;lr>");
}

TEST_F(RegistrationTest, when_autn_is_of_another_key_then_nothing_is_answered_and_the_error_says_so) {
  static_cast<void>(registration_->begin(now_));
  const auto other = keys_of(8);
  const auto outcome = reply(challenge(32, other));
  EXPECT_FALSE(outcome.send);
  EXPECT_EQ(error_of(outcome), "usim_network_not_proven");
  EXPECT_EQ(registration_->state(), State::Refused);
  EXPECT_EQ(outcome.wake_after, Seconds(1800));
}

TEST_F(RegistrationTest, when_a_network_takes_the_user_without_a_challenge_then_it_has_not_proven_itself) {
  static_cast<void>(registration_->begin(now_));
  EXPECT_EQ(error_of(reply(ok())), "usim_network_not_proven");
  EXPECT_FALSE(registration_->registered());
}

TEST_F(RegistrationTest, when_the_number_is_old_then_auts_is_sent_once_and_the_next_challenge_answered) {
  register_once();
  static_cast<void>(registration_->on_time(now_));
  const auto resync = reply(challenge(32, keys_));
  EXPECT_EQ(resync.event, Code::usim_out_of_step);
  EXPECT_NE(authorization(resync).find("auts=\""), std::string::npos);
  EXPECT_EQ(registration_->state(), State::Resyncing);
  EXPECT_EQ(reply(challenge(64, keys_)).event, Code::ims_resynchronised);
  EXPECT_EQ(reply(ok()).event, Code::ims_reregistered);
}

TEST_F(RegistrationTest, when_the_network_stays_out_of_step_then_the_usim_is_not_asked_for_ever) {
  register_once();
  static_cast<void>(registration_->on_time(now_));
  static_cast<void>(reply(challenge(32, keys_)));
  EXPECT_EQ(error_of(reply(challenge(32, keys_))), "usim_out_of_step");
  EXPECT_EQ(registration_->state(), State::Refused);
}

TEST_F(RegistrationTest, when_res_is_not_taken_then_a_403_and_a_second_challenge_mean_the_same) {
  for (const auto& refusal : {SipReply{403, "Forbidden", {}, {}}, challenge(96, keys_)}) {
    static_cast<void>(registration_->begin(now_));
    static_cast<void>(reply(challenge(number_ += 32, keys_)));
    EXPECT_EQ(error_of(reply(refusal)), "ims_usim_answer_refused");
  }
}

TEST_F(RegistrationTest, when_the_certificate_was_refused_then_the_error_names_it) {
  static_cast<void>(registration_->begin(now_));
  SipReply refused{503, "Service Unavailable", {}, {}};
  refused.refused = "certificate has expired";
  const auto outcome = reply(refused);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, Code::sip_tls_refused);
  EXPECT_EQ(outcome.error->got, "certificate has expired");
  EXPECT_EQ(outcome.wake_after, Seconds(1));
}

TEST_F(RegistrationTest, when_the_user_leaves_while_an_answer_is_under_way_then_the_registration_is_taken_back) {
  static_cast<void>(registration_->begin(now_));
  static_cast<void>(reply(challenge(number_ += 32, keys_)));
  const auto leaving = registration_->leave(now_);
  ASSERT_TRUE(leaving.send);
  EXPECT_EQ(find_header(leaving.send->headers, "Expires"), "0");
}

TEST_F(RegistrationTest, when_the_user_leaves_then_expires_is_zero_and_a_challenge_is_answered) {
  register_once();
  const auto leaving = registration_->leave(now_);
  ASSERT_TRUE(leaving.send);
  EXPECT_EQ(find_header(leaving.send->headers, "Expires"), "0");
  const auto answered = reply(challenge(number_ += 32, keys_));
  ASSERT_TRUE(answered.send);
  EXPECT_EQ(find_header(answered.send->headers, "Expires"), "0");
  static_cast<void>(reply({200, "OK", {}, {}}));
  EXPECT_EQ(registration_->state(), State::Gone);
  EXPECT_FALSE(registration_->registered());
}

TEST_F(RegistrationTest, when_a_name_could_break_a_header_then_it_is_refused) {
  for (const auto* bad : {"", "a b@cpns.test", "a\"b@cpns.test", "a\r\nX: y"}) {
    Registration::Settings settings{bad, "sip:a@cpns.test", "cpns.test", "sip:p", "sip:c"};
    const auto made = Registration::make(settings, *usim_, random_);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, Code::ims_user_unreadable);
  }
}

TEST_F(RegistrationTest, when_it_is_leaving_then_no_answer_of_the_network_brings_it_back) {
  const SipReply nonsense{401, "Unauthorized", {{"WWW-Authenticate", "Digest"}}, {}};
  for (const auto& answer :
       {nonsense, challenge(32, keys_of(8)), SipReply{503, "", {}, {}}, SipReply{403, "", {}, {}}}) {
    register_once();
    static_cast<void>(registration_->leave(now_));
    const auto outcome = reply(answer);
    EXPECT_EQ(registration_->state(), State::Gone) << answer.status;
    EXPECT_FALSE(outcome.wake_after);
    EXPECT_FALSE(outcome.send);
  }
}

}  // namespace
}  // namespace cpns::ims
