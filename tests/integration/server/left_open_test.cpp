// Links that were open when the right to them ended, and limits of one PN GW while it works.
#include <gtest/gtest.h>

#include "integration/server/clients.hpp"
#include "integration/server/upstream.hpp"
#include "pngw/operator_relay.hpp"
#include "support/deadline.hpp"

namespace cpns::test {
namespace {

using Messages = std::shared_ptr<runtime::MessageLink>;

class LeftOpenTest : public ::testing::Test {
 protected:
  explicit LeftOpenTest(const std::vector<std::pair<std::string, std::string>>& settings = {})
      : server_(upstream_.settings(), settings), clients_(server_) {}
  void SetUp() override { server_.start(); }

  /// A cpns/1 link through step 16.
  Messages open(const assign::Credential& device) {
    auto link = clients_.open_direct_link(device, {"cpns/1"});
    EXPECT_TRUE(link.ok()) << (link ? "" : to_text(link.error()));
    if (!link) return nullptr;
    auto messages = std::make_shared<runtime::MessageLink>(*link);
    const ids::CorrelationId run(clients_.random().bytes<8>());
    const auto hello = assign::send_link_hello(assign::Role::CmDevice, device.server_id, device.cm_device_id, run);
    EXPECT_TRUE(clients_.send(*messages, hello).ok());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(clients_.receive(*messages).ok());  // LinkHello, AliasUpdate, an invitation
    return messages;
  }
  /// Within two seconds nothing more comes over it.
  bool is_closed(const Messages& messages) {
    const auto begun = std::chrono::steady_clock::now();
    const auto got = clients_.receive(*messages);
    return !got.ok() && std::chrono::steady_clock::now() - begun < std::chrono::seconds(2);
  }
  Messages operator_link(const GatewayIdentity& gateway, const std::string_view alpn = pngw::kOperatorAlpn) {
    auto link = clients_.open_operator_link(gateway, std::string(alpn));
    EXPECT_TRUE(link.ok()) << (link ? "" : to_text(link.error()));
    return link ? *link : nullptr;
  }
  /// One more assignment over that link; whether it went through.
  bool assigns(const Messages& link, const GatewayIdentity& gateway) {
    clients_.assign(*link, gateway, 1);
    const auto answer = clients_.receive(*link);
    EXPECT_TRUE(answer.ok()) << "the link lives on";
    return answer.ok() && !assign::is_alert(*answer);
  }

  Upstream upstream_;
  ServerProcess server_;
  Clients clients_;
};

TEST_F(LeftOpenTest, WhenADeviceGivesItsIdUpThenALinkOfWhoeverHasACopyOfItsKeyClosesV1) {
  const auto device = clients_.device();
  const auto thief = open(device);
  const auto own = open(device);
  const ids::CorrelationId run(clients_.random().bytes<8>());
  ASSERT_TRUE(clients_.send(*own, assign::encode_public(run, assign::Release{})).ok());
  const auto answer = clients_.receive(*own);
  ASSERT_TRUE(answer.ok()) << to_text(answer.error());
  EXPECT_TRUE(std::holds_alternative<assign::Release>(answer->body));
  EXPECT_TRUE(is_closed(thief));
  EXPECT_TRUE(is_closed(own));
  EXPECT_FALSE(clients_.open_direct_link(device, {"cpns/1"}).ok());
}

TEST_F(LeftOpenTest, WhenAGatewayIsEnrolledAgainThenLinksOfItsOldCertificateCloseL1) {
  const auto old = clients_.enrolled("sip:alice@ims.test");
  const auto link = operator_link(old);
  const auto carried = operator_link(old, pngw::kOperatorRelayAlpn);
  ASSERT_TRUE(assigns(link, old));
  const auto other = clients_.enrolled("sip:bob@ims.test");
  const auto unharmed = operator_link(other);
  const auto fresh = clients_.enrolled("sip:alice@ims.test");
  EXPECT_TRUE(is_closed(link));
  EXPECT_TRUE(is_closed(carried));
  EXPECT_TRUE(assigns(unharmed, other));
  EXPECT_TRUE(assigns(operator_link(fresh), fresh));
}

TEST_F(LeftOpenTest, WhenAGatewayIsOverItsQuotaThenItIsRefusedAndAChangedQuotaCountsOnAnOpenLinkS7) {
  const auto quota = [&](int devices) { return server_.token_for("sip:alice@ims.test", devices); };
  const auto enrolled = clients_.enroll(quota(2));
  ASSERT_TRUE(enrolled.ok()) << to_text(enrolled.error());
  const auto& gateway = *enrolled;
  const auto link = operator_link(gateway);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(clients_.assign(*link, gateway).credential) << i;
  EXPECT_FALSE(assigns(link, gateway)) << "the third of two";
  const auto said = server_.wait_for_log("device_quota_reached");
  EXPECT_EQ(said.at("rule"), "S7");
  EXPECT_EQ(said.at("pn_gw_id"), "sip:alice@ims.test");
  const auto action = message_info(Code::device_quota_reached).action;
  EXPECT_NE(action.find("larger quota"), std::string::npos) << "and that is what is done now:";
  (void)quota(3);
  ASSERT_TRUE(clients_.assign(*link, gateway).credential) << "over the link that was open";
  EXPECT_FALSE(assigns(link, gateway));
  (void)quota(1);
  EXPECT_FALSE(assigns(link, gateway)) << "a smaller one takes no device away and gives none";
  const auto listed = server_.admin("GET", "/v1/gateways").body.at("gateways").front();
  EXPECT_EQ(listed.at("device_count"), 3);
  EXPECT_EQ(listed.at("device_quota"), 1);
  // Another PN GW has its own.
  const auto other = clients_.enrolled("sip:bob@ims.test");
  EXPECT_TRUE(assigns(operator_link(other), other));
}

class SlowAssignments : public LeftOpenTest {
 protected:
  SlowAssignments() : LeftOpenTest({{"assignments_per_minute = 600", "assignments_per_minute = 3"}}) {}
};

TEST_F(SlowAssignments, WhenAGatewayBeginsAssignmentsTooFastThenOneMoreIsRefusedOverAnyOfItsLinks) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  const auto link = operator_link(gateway);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(assigns(link, gateway)) << i;
  EXPECT_FALSE(assigns(link, gateway));
  EXPECT_EQ(server_.wait_for_log("gateway_rate_exceeded").at("code"), "P516");
  EXPECT_FALSE(assigns(operator_link(gateway), gateway)) << "a second link has no allowance of its own";
  const auto other = clients_.enrolled("sip:bob@ims.test");
  EXPECT_TRUE(assigns(operator_link(other), other));
}

}  // namespace
}  // namespace cpns::test
