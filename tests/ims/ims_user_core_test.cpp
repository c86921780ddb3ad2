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

}  // namespace
}  // namespace cpns::ims
