// A registration against a network in this file, which holds the same K: what is sent, and what becomes of it.
#include "ims/registration.hpp"

#include <gtest/gtest.h>

#include "ims/digest_answer.hpp"
#include "ims/software_usim.hpp"
#include "runtime/system_random.hpp"
#include "store/keys/local_seal.hpp"
#include "support/soft_token.hpp"
#include "unit/ims/network.hpp"

namespace cpns::ims {
namespace {

using State = RegistrationState;
using Seconds = std::chrono::seconds;

class RegistrationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(SoftwareUsim::install(file_, keys_, seal_).ok());
    auto opened = SoftwareUsim::open(file_, seal_);
    ASSERT_TRUE(opened.ok());
    usim_ = std::move(*opened);
    Registration::Settings settings{"gw1@cpns.test", "sip:gw1@cpns.test", "cpns.test", "sip:p.cpns.test;transport=tcp",
                                    "sip:192.0.2.1:5060"};
    auto made = Registration::make(settings, *usim_, random_);
    ASSERT_TRUE(made.ok());
    registration_.emplace(std::move(*made));
  }
  SipReply challenge(std::uint64_t sqn, const SubscriberKeys& keys) { return challenge_of(keys, rand_, sqn); }
  static SipReply ok(std::string expires = "600000") {
    return {200,
            "OK",
            {{"Contact", "<sip:192.0.2.1:5060>;expires=" + std::move(expires)},
             {"Service-Route", "<sip:orig@s.cpns.test;lr>"}},
            {}};
  }
  static std::string authorization(const Registration::Outcome& outcome) {
    return outcome.send ? std::string(find_header(outcome.send->headers, "Authorization")) : "nothing was sent";
  }
  static std::string error_of(const Registration::Outcome& outcome) {
    return outcome.error ? std::string(outcome.error->info().name) : "none";
  }
  void register_once() {
    static_cast<void>(registration_->begin());
    static_cast<void>(registration_->on_reply(challenge(number_ += 32, keys_)));
    static_cast<void>(registration_->on_reply(ok()));
    ASSERT_EQ(registration_->state(), State::Registered);
  }

  test::TempDir dir_;
  runtime::SystemRandom random_;
  store::keys::LocalSeal seal_{{.folder = dir_.path(), .kind = store::keys::SealKind::File}, random_};
  std::filesystem::path file_ = std::filesystem::path(dir_.path()) / "usim";
  SubscriberKeys keys_ = keys_of(7);
  AkaRand rand_{1, 2, 3};
  std::uint64_t number_ = 0;
  std::unique_ptr<SoftwareUsim> usim_;
  std::optional<Registration> registration_;
};

TEST_F(RegistrationTest, when_the_network_knows_the_key_then_res_is_the_answer_and_the_user_is_registered) {
  const auto first = registration_->begin();
  ASSERT_TRUE(first.send);
  EXPECT_EQ(first.send->uri, "sip:cpns.test");
  EXPECT_EQ(first.send->next_hop, "sip:p.cpns.test;transport=tcp");
  EXPECT_NE(authorization(first).find("username=\"gw1@cpns.test\""), std::string::npos);
  EXPECT_NE(authorization(first).find("response=\"\""), std::string::npos);

  const auto asked = challenge(32, keys_);
  const auto answered = registration_->on_reply(asked);
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

  const auto done = registration_->on_reply(ok());
  EXPECT_TRUE(registration_->registered());
  EXPECT_EQ(done.event, Code::ims_registered);
  EXPECT_EQ(done.wake_after, Seconds(599'400));
  EXPECT_EQ(registration_->service_route(), "<sip:orig@s.cpns.test;lr>");
}

TEST_F(RegistrationTest, when_autn_is_of_another_key_then_nothing_is_answered_and_the_error_says_so) {
  static_cast<void>(registration_->begin());
  const auto other = keys_of(8);
  const auto outcome = registration_->on_reply(challenge(32, other));
  EXPECT_FALSE(outcome.send);
  EXPECT_EQ(error_of(outcome), "usim_network_not_proven");
  EXPECT_EQ(registration_->state(), State::Refused);
  EXPECT_EQ(outcome.wake_after, Seconds(1800));
}

TEST_F(RegistrationTest, when_a_network_takes_the_user_without_a_challenge_then_it_has_not_proven_itself) {
  static_cast<void>(registration_->begin());
  EXPECT_EQ(error_of(registration_->on_reply(ok())), "usim_network_not_proven");
  EXPECT_FALSE(registration_->registered());
}

TEST_F(RegistrationTest, when_the_number_is_old_then_auts_is_sent_once_and_the_next_challenge_answered) {
  register_once();
  static_cast<void>(registration_->on_time());
  const auto resync = registration_->on_reply(challenge(32, keys_));
  EXPECT_EQ(resync.event, Code::usim_out_of_step);
  EXPECT_NE(authorization(resync).find("auts=\""), std::string::npos);
  EXPECT_EQ(registration_->state(), State::Resyncing);
  EXPECT_EQ(registration_->on_reply(challenge(64, keys_)).event, Code::ims_resynchronised);
  EXPECT_EQ(registration_->on_reply(ok()).event, Code::ims_reregistered);
}

TEST_F(RegistrationTest, when_the_network_stays_out_of_step_then_the_usim_is_not_asked_for_ever) {
  register_once();
  static_cast<void>(registration_->on_time());
  static_cast<void>(registration_->on_reply(challenge(32, keys_)));
  EXPECT_EQ(error_of(registration_->on_reply(challenge(32, keys_))), "usim_out_of_step");
  EXPECT_EQ(registration_->state(), State::Refused);
}

TEST_F(RegistrationTest, when_res_is_not_taken_then_a_403_and_a_second_challenge_mean_the_same) {
  for (const auto& refusal : {SipReply{403, "Forbidden", {}, {}}, challenge(96, keys_)}) {
    static_cast<void>(registration_->begin());
    static_cast<void>(registration_->on_reply(challenge(number_ += 32, keys_)));
    EXPECT_EQ(error_of(registration_->on_reply(refusal)), "ims_usim_answer_refused");
  }
}

TEST_F(RegistrationTest, when_nobody_answers_then_pauses_double_up_to_the_longest) {
  std::vector<long> pauses;
  static_cast<void>(registration_->begin());
  for (int i = 0; i < 9; ++i) {
    const auto outcome = registration_->on_reply({408, "Timeout", {}, {}});
    pauses.push_back(outcome.wake_after->count());
    EXPECT_TRUE(registration_->on_time().send);
  }
  EXPECT_EQ(pauses, (std::vector<long>{1, 2, 4, 8, 16, 32, 64, 120, 120}));
}

TEST_F(RegistrationTest, when_a_registration_is_renewed_then_it_stands_meanwhile) {
  register_once();
  EXPECT_TRUE(registration_->on_time().send);
  EXPECT_EQ(registration_->state(), State::Renewing);
  EXPECT_TRUE(registration_->registered());
  static_cast<void>(registration_->on_reply(challenge(number_ += 32, keys_)));
  EXPECT_TRUE(registration_->registered());
  EXPECT_EQ(registration_->on_reply(ok("100")).wake_after, Seconds(50));
}

TEST_F(RegistrationTest, when_the_network_ends_it_then_it_is_begun_again_only_where_the_network_asks_for_it) {
  register_once();
  EXPECT_TRUE(registration_->on_network_ended(true).send);
  EXPECT_EQ(registration_->state(), State::Asking);
  register_once();
  const auto rejected = registration_->on_network_ended(false);
  EXPECT_FALSE(rejected.send);
  EXPECT_EQ(rejected.event, Code::ims_deregistered);
  EXPECT_EQ(registration_->state(), State::Refused);
}

TEST_F(RegistrationTest, when_the_network_names_a_time_then_it_is_begun_again_after_it) {
  register_once();
  const auto later = registration_->on_network_ended(true, Seconds(40));
  EXPECT_FALSE(later.send);
  EXPECT_EQ(later.wake_after, Seconds(40));
  EXPECT_FALSE(registration_->registered());
  EXPECT_TRUE(registration_->on_time().send);
}

TEST_F(RegistrationTest, when_other_contacts_stand_in_the_200_then_the_time_is_that_of_ours) {
  static_cast<void>(registration_->begin());
  static_cast<void>(registration_->on_reply(challenge(number_ += 32, keys_)));
  const auto done = registration_->on_reply({200,
                                             "OK",
                                             {{"Contact", "<sip:192.0.2.9:5060>;expires=7"},
                                              {"Contact", "<sip:192.0.2.1:5060>;q=1;expires=100"},
                                              {"Expires", "9"}},
                                             {}});
  EXPECT_EQ(done.wake_after, Seconds(50));
}

TEST_F(RegistrationTest, when_the_user_leaves_then_expires_is_zero_and_a_challenge_is_answered) {
  register_once();
  const auto leaving = registration_->leave();
  ASSERT_TRUE(leaving.send);
  EXPECT_EQ(find_header(leaving.send->headers, "Expires"), "0");
  const auto answered = registration_->on_reply(challenge(number_ += 32, keys_));
  ASSERT_TRUE(answered.send);
  EXPECT_EQ(find_header(answered.send->headers, "Expires"), "0");
  static_cast<void>(registration_->on_reply({200, "OK", {}, {}}));
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

}  // namespace
}  // namespace cpns::ims
