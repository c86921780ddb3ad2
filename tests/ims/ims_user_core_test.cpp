// An ImsUser against Kamailio's P-, I- and S-CSCF: the registration, and what the core says of it afterwards.
#include "ims/user_on_core.hpp"

namespace cpns::ims {
namespace {

const std::string kTcp = "sip:127.0.10.1:5060;transport=tcp";
const SipStack::Settings kHere{"sip:127.0.20.1:*;transport=tcp", "", false};

class ImsUserOnCore : public UserOnCore {};

TEST_F(ImsUserOnCore, when_it_is_registered_then_it_follows_its_registration_by_the_reg_event_package) {
  come_up("gw1", kTcp, kHere);
  ASSERT_TRUE(run_until([] { return captured("SIP/2.0 200 Subscription to REG saved") > 0; })) << log_text();
  ASSERT_TRUE(run_until([] { return captured("NOTIFY sip:127.0.20.1") > 0; })) << log_text();
  EXPECT_EQ(log_text().find("P782"), std::string::npos) << log_text();
}

TEST_F(ImsUserOnCore, when_the_network_ends_the_registration_then_the_user_is_told_and_comes_back) {
  come_up("gw1", kTcp, kHere);
  ASSERT_TRUE(run_until([] { return captured("NOTIFY sip:127.0.20.1") > 0; }));
  ASSERT_TRUE(core({"deregister", "sip:gw1@ims.cpns.test"}));
  ASSERT_TRUE(run_until([&] { return changes_.size() >= 3; })) << log_text();
  EXPECT_EQ(changes_, (std::vector<bool>{true, false, true}));
  EXPECT_NE(log_text().find("E755"), std::string::npos) << log_text();
  // And follows the new one as well.
  ASSERT_TRUE(core({"deregister", "sip:gw1@ims.cpns.test"}));
  ASSERT_TRUE(run_until([&] { return changes_.size() >= 5; })) << log_text();
}

TEST_F(ImsUserOnCore, when_a_number_is_out_of_step_then_it_resynchronises_and_is_registered) {
  come_up("gw1", kTcp, kHere);
  ASSERT_TRUE(core({"set-sqn", "sip:gw1@ims.cpns.test", "0"}));
  user_->leave();
  ASSERT_TRUE(run_until([&] { return user_->state() == RegistrationState::Gone; }));
  user_->start();
  ASSERT_TRUE(run_until([&] { return user_->registered(); })) << log_text();
  EXPECT_NE(log_text().find("E758"), std::string::npos) << log_text();
}

TEST_F(ImsUserOnCore, when_the_p_cscf_is_called_by_name_over_tls_then_all_goes_over_that_one_connection) {
  const auto folder = tls_folder(run_folder() / "tls/ca.pem");
  come_up("gw1", "sip:pcscf.ims.cpns.test:5061;transport=tls;maddr=127.0.10.1", {"sips:127.0.20.1:*", folder, false});
  ASSERT_TRUE(run_until([] { return captured("SIP/2.0 200 Subscription to REG saved") > 0; })) << log_text();
  EXPECT_EQ(message("127.0.10.10:5060", "sip:gw1@ims.cpns.test", "sip:127.0.10.2:5060;transport=tcp", {1, 2, 3}), 200);
  ASSERT_EQ(heard_.size(), 1U) << log_text();
  EXPECT_EQ(heard_[0], (Bytes{1, 2, 3}));
  ASSERT_TRUE(core({"deregister", "sip:gw1@ims.cpns.test"}));
  ASSERT_TRUE(run_until([&] { return changes_ == std::vector<bool>{true, false, true}; })) << log_text();
}

TEST_F(ImsUserOnCore, when_the_p_cscf_has_another_certificate_then_the_error_says_so_at_once) {
  const auto other =
      tls::make_ca("stranger", 2, std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now()));
  std::ofstream(dir_ / "other.pem") << as_text(other->certificate_pem);
  start("gw1", "sip:pcscf.ims.cpns.test:5061;transport=tls;maddr=127.0.10.1",
        {"sips:127.0.20.1:*", tls_folder(dir_ / "other.pem"), false});
  ASSERT_TRUE(run_until([&] { return user_->state() == RegistrationState::Pausing; }, std::chrono::seconds(5)));
  EXPECT_NE(log_text().find("P775"), std::string::npos) << log_text();
}

TEST_F(ImsUserOnCore, when_the_p_cscf_is_called_by_address_over_tls_then_it_is_not_believed) {
  start("gw1", "sip:127.0.10.1:5061;transport=tls",
        {"sips:127.0.20.1:*", tls_folder(run_folder() / "tls/ca.pem"), false});
  ASSERT_TRUE(run_until([&] { return user_->state() == RegistrationState::Pausing; }, std::chrono::seconds(5)));
  EXPECT_NE(log_text().find("the certificate has another name"), std::string::npos) << log_text();
}

TEST_F(ImsUserOnCore, when_a_stranger_sends_to_the_phone_itself_then_it_is_not_heard) {
  come_up("gw1", kTcp, kHere);
  const auto here = stack_->contact();
  EXPECT_EQ(message("127.0.20.9:*", here, "", {1}), 403);
  EXPECT_TRUE(heard_.empty());
  EXPECT_NE(log_text().find("P765"), std::string::npos) << log_text();
  EXPECT_EQ(message("127.0.10.10:5060", "sip:gw1@ims.cpns.test", "sip:127.0.10.2:5060;transport=tcp", {2}), 200);
  EXPECT_EQ(heard_, (std::vector<Bytes>{{2}}));
}

TEST_F(ImsUserOnCore, when_the_s_cscf_was_restarted_then_a_refused_message_brings_the_user_back) {
  come_up("gw1", kTcp, kHere);
  ASSERT_TRUE(core({"restart", "scscf"}));
  std::string outcome;
  user_->send(Bytes{1}, [&](Result<void> done) { outcome = done ? "sent" : done.error().info().name; });
  ASSERT_TRUE(run_until([&] { return !outcome.empty(); }));
  EXPECT_EQ(outcome, "ims_registration_lost");
  ASSERT_TRUE(run_until([&] { return changes_ == std::vector<bool>{true, false, true}; })) << log_text();
}

TEST_F(ImsUserOnCore, when_times_are_short_then_registration_and_subscription_are_renewed_without_a_break) {
  expires_ = std::chrono::seconds(6);
  come_up("gw1", kTcp, kHere);
  // The registration again and again, and the subscription in its dialogue, through the P-CSCF.
  const auto renewed = [&] { return log_text().find("E757") != std::string::npos; };
  ASSERT_TRUE(run_until([&] { return renewed() && captured("SUBSCRIBE sip:127.0.10.3") >= 2; })) << log_text();
  ASSERT_TRUE(run_until([] { return captured("SIP/2.0 200 Subscription to REG saved") >= 4; })) << log_text();
  EXPECT_EQ(changes_, (std::vector<bool>{true})) << log_text();
  // The refreshed one is followed too.
  ASSERT_TRUE(core({"deregister", "sip:gw1@ims.cpns.test"}));
  ASSERT_TRUE(run_until([&] { return changes_ == std::vector<bool>{true, false, true}; })) << log_text();
}

TEST_F(ImsUserOnCore, when_the_p_cscf_was_restarted_then_the_user_registers_over_a_new_connection_by_itself) {
  come_up("gw1", kTcp, kHere);
  ASSERT_TRUE(core({"restart", "pcscf"}));
  ASSERT_TRUE(run_until([&] { return log_text().find("E757") != std::string::npos; })) << log_text();
  EXPECT_EQ(message("127.0.10.10:5060", "sip:gw1@ims.cpns.test", "sip:127.0.10.2:5060;transport=tcp", {7}), 200);
  EXPECT_EQ(heard_, (std::vector<Bytes>{{7}}));
}

}  // namespace
}  // namespace cpns::ims
