// The operator link of a real server: assignments, and what it answers to what it must not take.

#include <gtest/gtest.h>

#include <csignal>

#include "integration/server/clients.hpp"
#include "pngw/operator_link.hpp"
#include "pngw/operator_relay.hpp"
#include "support/deadline.hpp"

namespace cpns::test {
namespace {

class OperatorLinkTest : public ::testing::Test {
 protected:
  OperatorLinkTest() : clients_(server_) {}
  void SetUp() override { server_.start(); }

  std::shared_ptr<runtime::MessageLink> link_of(const GatewayIdentity& gateway) {
    auto link = clients_.open_operator_link(gateway);
    EXPECT_TRUE(link.ok()) << (link ? "" : to_text(link.error()));
    return link ? *link : nullptr;
  }
  /// The next message is one Alert.
  void expect_alert(runtime::MessageLink& link) {
    const auto answer = clients_.receive(link);
    ASSERT_TRUE(answer.ok()) << to_text(answer.error());
    EXPECT_TRUE(assign::is_alert(*answer)) << assign::message_name(answer->body);
  }
  std::size_t pending() {
    const auto reply = server_.admin("GET", "/v1/devices");
    std::size_t count = 0;
    for (const auto& device : reply.body.at("devices")) count += device.at("state") == "pending" ? 1 : 0;
    return count;
  }

  ServerProcess server_;
  Clients clients_;
};

TEST_F(OperatorLinkTest, WhenAnAssignmentGoesThroughThenTheServerLogsItsStepsUnderOneRun) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  const auto link = link_of(gateway);
  const auto made = clients_.assign(*link, gateway);
  ASSERT_TRUE(made.credential);
  EXPECT_EQ(made.credential->endpoints.front().port(), server_.direct_port());
  std::vector<int> steps;
  for (const auto& line : server_.log()) {
    if (line.value("name", "") == "step_done" && line.value("run", "") == made.run.hex())
      steps.push_back(line.at("step"));
  }
  EXPECT_EQ(steps, (std::vector{0, 1, 4, 5, 8, 9}));
  const auto shown = server_.admin("GET", "/v1/devices/" + made.credential->cm_device_id.text());
  EXPECT_EQ(shown.status, 200U);
  EXPECT_EQ(shown.body.at("state"), "active");
  EXPECT_EQ(shown.body.at("device_name"), "tablet");
}

TEST_F(OperatorLinkTest, WhenStep8IsRepeatedThenStep10IsTheSameEvenAfterARestart) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  auto link = link_of(gateway);
  const auto made = clients_.assign(*link, gateway);
  ASSERT_EQ(made.sent.size(), 3U);
  for (int round = 0; round < 2; ++round) {
    Bytes again;
    ASSERT_TRUE(clients_.send(*link, made.sent[2]).ok());
    ASSERT_TRUE(clients_.receive(*link, &again).ok());
    EXPECT_EQ(again, made.received.back());
    if (round == 1) break;
    EXPECT_EQ(server_.end_with(SIGKILL), -SIGKILL);
    server_.start();
    link = link_of(gateway);
  }
  // With one bit changed it is another message: the one plain Alert [S8].
  auto other = made.sent[2];
  other.back() ^= 1;
  ASSERT_TRUE(clients_.send(*link, other).ok());
  expect_alert(*link);
  server_.wait_for_log("assignment_unknown");
}

TEST_F(OperatorLinkTest, WhenAnotherGatewayRepeatsStep8ThenItGetsWhatAnUnknownOneGets) {
  const auto alice = clients_.enrolled("sip:alice@ims.test");
  const auto mallory = clients_.enrolled("sip:mallory@ims.test");
  auto link = link_of(alice);
  const auto made = clients_.assign(*link, alice);
  auto other = link_of(mallory);
  ASSERT_TRUE(clients_.send(*other, made.sent[2]).ok());
  expect_alert(*other);
}

TEST_F(OperatorLinkTest, WhenTheLinkIsLostThenItsPendingAssignmentIsErased) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  {
    const auto link = link_of(gateway);
    clients_.assign(*link, gateway, 1);
    ASSERT_TRUE(clients_.receive(*link).ok());
    EXPECT_EQ(pending(), 1U);
    link->link().abort();
  }
  EXPECT_TRUE(eventually([&] { return pending() == 0; }));
  server_.wait_for_log("link_lost_in_run");
}

TEST(OperatorLinkTime, WhenAnAssignmentIsNotFinishedInTimeThenItIsErasedAndThePeerGetsAnAlert) {
  ServerProcess server({}, {{"pending_seconds = 300", "pending_seconds = 1"}});
  server.start();
  Clients clients(server);
  const auto gateway = clients.enrolled("sip:alice@ims.test");
  auto link = clients.open_operator_link(gateway);
  ASSERT_TRUE(link.ok());
  clients.assign(**link, gateway, 1);
  ASSERT_TRUE(clients.receive(**link).ok());
  const auto answer = clients.receive(**link);
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(assign::is_alert(*answer));
  EXPECT_EQ(server.wait_for_log("assignment_timed_out").at("rule"), "S6");
  server.wait_for_log("pending_erased");
}

TEST_F(OperatorLinkTest, WhenTheServerIsKilledThenAPendingAssignmentIsErasedAtTheNextStart) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  const auto link = link_of(gateway);
  clients_.assign(*link, gateway, 1);
  ASSERT_TRUE(clients_.receive(*link).ok());
  EXPECT_EQ(server_.end_with(SIGKILL), -SIGKILL);
  server_.start();
  EXPECT_EQ(server_.wait_for_log("pending_erased").at("count"), 1);
  EXPECT_EQ(pending(), 0U);
}

TEST_F(OperatorLinkTest, WhenAMessageIsMalformedThenItIsLoggedAndAnsweredByOneAlert) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  const ids::CorrelationId run(clients_.random().bytes<8>());
  const auto good = assign::encode_public(run, assign::Ping{{1, 2, 3}});
  Bytes cut(good.begin(), good.end() - 1);
  Bytes unknown_field = good;
  unknown_field.insert(unknown_field.end(), {0xf8, 0x07, 0x01});  // field 127
  const Bytes noise = {0xff, 0xff, 0xff};
  for (const auto& [bytes, name] : {std::pair{cut, "message_malformed"},
                                    {unknown_field, "message_has_unknown_fields"},
                                    {noise, "message_malformed"}}) {
    const auto link = link_of(gateway);
    ASSERT_TRUE(clients_.send(*link, bytes).ok());
    expect_alert(*link);
    server_.wait_for_log(name);
  }
}

TEST_F(OperatorLinkTest, WhenAFrameIsTooLongOrCutThenTheLinkEnds) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  const auto too_long = link_of(gateway);
  const Bytes length = {0x00, 0x01, 0x00, 0x01};
  ASSERT_TRUE(clients_.run(too_long->link().write(length)).ok());
  expect_alert(*too_long);
  server_.wait_for_log("message_too_long");
  const auto cut = link_of(gateway);
  const Bytes half = {0x00, 0x00, 0x00, 0x05, 0x01};
  ASSERT_TRUE(clients_.run(cut->link().write(half)).ok());
  runtime::asio::co_spawn(clients_.loop(), cut->link().shutdown(), runtime::asio::detached);
  clients_.loop().restart();
  clients_.loop().run();
  server_.wait_for_log("message_cut_short");
}

TEST_F(OperatorLinkTest, WhenAMessageIsOutOfTurnThenTheRunDiesAndTheLinkLivesOn) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  const auto link = link_of(gateway);
  const ids::CorrelationId run(clients_.random().bytes<8>());
  const ids::AssignmentId nobody(clients_.random().bytes<16>());
  ASSERT_TRUE(
      clients_.send(*link, assign::encode_public(run, assign::CmDeviceIdReport{nobody, ids::CmDeviceId({})})).ok());
  expect_alert(*link);
  ASSERT_TRUE(clients_.send(*link, assign::encode_public(run, assign::ServerConfirm{nobody, {}})).ok());
  expect_alert(*link);
  server_.wait_for_log("message_not_for_server");
  // Step 0 twice in one run.
  const auto begun = clients_.assign(*link, gateway, 1);
  ASSERT_TRUE(clients_.receive(*link).ok());
  ASSERT_TRUE(clients_.send(*link, begun.sent.front()).ok());
  expect_alert(*link);
  EXPECT_EQ(server_.wait_for_log("message_not_next").at("step"), 0);
  EXPECT_TRUE(clients_.assign(*link, gateway).credential);
}

TEST_F(OperatorLinkTest, WhenThereAreMoreRunsThanAllowedThenOneMoreIsRefused) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  const auto link = link_of(gateway);
  for (int i = 0; i < 32; ++i) {
    clients_.assign(*link, gateway, 1);
    const auto grant = clients_.receive(*link);
    ASSERT_TRUE(grant.ok() && !assign::is_alert(*grant)) << i;
  }
  clients_.assign(*link, gateway, 1);
  expect_alert(*link);
  server_.wait_for_log("too_many_runs");
  // Over another link the PN GW's own limit counts [S7].
  const auto second = link_of(gateway);
  clients_.assign(*second, gateway, 1);
  expect_alert(*second);
  server_.wait_for_log("too_many_pending");
}

TEST_F(OperatorLinkTest, WhenMessagesComeTooFastThenTheLinkEnds) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  const auto link = link_of(gateway);
  const ids::CorrelationId run(clients_.random().bytes<8>());
  const auto ping = assign::encode_public(run, assign::Pong{{}});
  for (int i = 0; i < 2000; ++i) {
    if (!clients_.send(*link, ping).ok()) break;
  }
  server_.wait_for_log("message_rate_exceeded");
}

TEST_F(OperatorLinkTest, WhenATokenIsUsedTwiceThenTheSecondTimeFails) {
  const auto token = server_.token_for("sip:alice@ims.test");
  ASSERT_TRUE(clients_.enroll(token).ok());
  EXPECT_FALSE(clients_.enroll(token).ok());
  server_.wait_for_log("enrolment_token_unknown");
}

TEST_F(OperatorLinkTest, WhenAGatewayIsEnrolledAgainThenItsOldCertificateIsRefused) {
  const auto old = clients_.enrolled("sip:alice@ims.test");
  const auto fresh = clients_.enrolled("sip:alice@ims.test");
  const auto link = clients_.open_operator_link(old);
  if (link) {
    EXPECT_FALSE(clients_.receive(**link).ok());
  }
  server_.wait_for_log("gateway_certificate_differs");
  EXPECT_TRUE(clients_.open_operator_link(fresh).ok());
}

TEST_F(OperatorLinkTest, WhenAStrangersCertificateComesThenTheLinkIsRefused) {
  auto gateway = clients_.enrolled("sip:alice@ims.test");
  const auto ca = tls::make_ca("a stranger", 30, runtime::now());
  ASSERT_TRUE(ca.ok());
  auto made = tls::make_key_and_csr(gateway.pn_gw_id);
  auto certificate = tls::issue_gateway_certificate(*ca, made->request_der, gateway.pn_gw_id, 30, runtime::now());
  ASSERT_TRUE(certificate.ok());
  gateway.certificate_pem = *certificate;
  gateway.key_pem = Bytes(made->private_key_pem.view().begin(), made->private_key_pem.view().end());
  const auto link = clients_.open_operator_link(gateway);
  if (link) {
    EXPECT_FALSE(clients_.receive(**link).ok());
  }
  server_.wait_for_log("tls_certificate_not_trusted");
}

TEST_F(OperatorLinkTest, WhenAGatewayOpensTooManyLinksThenItsOldestIsClosed) {
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  std::vector<std::shared_ptr<runtime::MessageLink>> links;
  for (int i = 0; i < 5; ++i) links.push_back(link_of(gateway));
  server_.wait_for_log("too_many_operator_links");
  EXPECT_FALSE(clients_.receive(*links.front()).ok());
  EXPECT_TRUE(clients_.assign(*links.back(), gateway).credential);
}

TEST(CarriedConnections, WhenAGatewayOpensThemAndAsksForNothingThenItsOldestIsClosed) {
  ServerProcess server({}, {{"relays_per_gateway = 256", "relays_per_gateway = 2"}});
  server.start();
  Clients clients(server);
  const auto gateway = clients.enrolled("sip:alice@ims.test");
  const auto link = clients.open_operator_link(gateway);
  ASSERT_TRUE(link.ok()) << to_text(link.error());
  std::vector<std::shared_ptr<runtime::MessageLink>> silent;
  for (int i = 0; i < 3; ++i) {
    auto carried = clients.open_operator_link(gateway, std::string(pngw::kOperatorRelayAlpn));
    ASSERT_TRUE(carried.ok()) << to_text(carried.error());
    silent.push_back(std::move(*carried));
  }
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(clients.receive(*silent.front()).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(8)) << "not for its silence of ten seconds";
  EXPECT_TRUE(clients.assign(**link, gateway).credential) << "links that carry nothing are counted apart";
}

}  // namespace
}  // namespace cpns::test
