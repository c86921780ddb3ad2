// Direct links on which little is said: no coroutine serves them, and they have given memory back.

#include <gtest/gtest.h>

#include <csignal>

#include "core/assign/direct_link.hpp"
#include "integration/server/clients.hpp"
#include "integration/server/upstream.hpp"
#include "support/deadline.hpp"

namespace cpns::test {
namespace {

class IdleLinkTest : public ::testing::TestWithParam<std::string> {
 protected:
  IdleLinkTest()
      : server_(upstream_.settings(), {{"ping_seconds = 30", "ping_seconds = 2"},
                                       {"dead_seconds = 90", "dead_seconds = 10"},
                                       {"engine = \"openssl\"", "engine = \"" + GetParam() + "\""}}),
        clients_(server_) {}
  void SetUp() override { server_.start(); }

  using Messages = std::shared_ptr<runtime::MessageLink>;
  Messages open(const assign::Credential& device) {
    auto link = clients_.open_direct_link(device, {"cpns/1"});
    EXPECT_TRUE(link.ok());
    auto messages = std::make_shared<runtime::MessageLink>(*link);
    const ids::CorrelationId run(clients_.random().bytes<8>());
    const auto hello = assign::send_link_hello(assign::Role::CmDevice, device.server_id, device.cm_device_id, run);
    EXPECT_TRUE(clients_.send(*messages, hello).ok());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(clients_.receive(*messages).ok());  // LinkHello, alias, invitation
    return messages;
  }
  /// The next message is a Ping; it is answered.
  void be_asked(const Messages& messages) {
    const auto asked = clients_.receive(*messages);
    ASSERT_TRUE(asked.ok()) << to_text(asked.error());
    const auto* ping = std::get_if<assign::Ping>(&asked->body);
    ASSERT_NE(ping, nullptr);
    const auto pong = assign::encode_public(asked->correlation_id, assign::Pong{ping->payload});
    ASSERT_TRUE(clients_.send(*messages, pong).ok());
  }
  void ask(const Messages& messages) {
    ASSERT_TRUE(clients_.send(*messages, assign::encode_public(ids::CorrelationId({}), assign::Ping{{7}})).ok());
    const auto answer = clients_.receive(*messages);
    ASSERT_TRUE(answer.ok()) << to_text(answer.error());
    EXPECT_TRUE(std::holds_alternative<assign::Pong>(answer->body));
  }

  Upstream upstream_;
  ServerProcess server_;
  Clients clients_;
};
INSTANTIATE_TEST_SUITE_P(Engines, IdleLinkTest, ::testing::Values("openssl", "psk13"),
                         [](const auto& engine) { return engine.param; });

TEST_P(IdleLinkTest, WhenADeviceSaysNothingButAnswersThenItsLinkStaysAndServesIt) {
  const auto messages = open(clients_.device());
  for (int i = 0; i < 6; ++i) be_asked(messages);  // longer than a silent one would last
  ask(messages);
  be_asked(messages);
  ask(messages);
  EXPECT_EQ(server_.count_log("link_not_answered"), 0U);
}

TEST_P(IdleLinkTest, WhenADeviceDoesNotAnswerThenItsLinkEnds) {
  const auto device = clients_.device();
  const auto messages = open(device);
  const auto begun = std::chrono::steady_clock::now();
  while (clients_.receive(*messages).ok()) {
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::seconds(8));
  EXPECT_EQ(server_.wait_for_log("link_not_answered").at("cm_device_id"), device.cm_device_id.text());
  server_.wait_for_log("direct_link_closed");
}

TEST_P(IdleLinkTest, WhenAnIdleDeviceIsRevokedThenItsLinkClosesWithinASecondV1) {
  const auto device = clients_.device();
  const auto messages = open(device);
  be_asked(messages);
  const auto begun = std::chrono::steady_clock::now();
  const auto reply = server_.admin("POST", "/v1/devices/" + device.cm_device_id.text() + "/revoke", "{}");
  EXPECT_EQ(reply.body.at("closed_links"), 1);
  EXPECT_FALSE(clients_.receive(*messages).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
  server_.wait_for_log("direct_link_closed");
}

TEST_P(IdleLinkTest, WhenADeviceIsRevokedBeforeItSaysMoreThenItsNextHandshakeFails) {
  const auto device = clients_.device();
  (void)open(device);
  (void)open(device);  // nothing is read of its row here
  EXPECT_EQ(server_.admin("POST", "/v1/devices/" + device.cm_device_id.text() + "/revoke", "{}").status, 200U);
  EXPECT_FALSE(clients_.open_direct_link(device, {"cpns/1"}).ok());
}

TEST_P(IdleLinkTest, WhenADeviceGoesWithoutAWordThenNothingOfItsLinkIsLeft) {
  const auto device = clients_.device();
  const auto closing = open(device);
  const auto aborting = open(device);
  be_asked(closing);
  closing->link().abort();
  aborting->link().abort();
  server_.wait_for_log("direct_link_closed");
  EXPECT_TRUE(eventually(
      [&] { return server_.admin("GET", "/v1/devices/" + device.cm_device_id.text()).body.at("open_links").empty(); }));
}

TEST_P(IdleLinkTest, WhenTheServerStopsThenIdleLinksAreClosedAndItDoesNotWaitForThem) {
  std::vector<Messages> links;
  for (const auto* name : {"sip:alice@ims.test", "sip:bob@ims.test", "sip:carol@ims.test"}) {
    links.push_back(open(clients_.device(name)));
  }
  be_asked(links.back());
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(server_.end_with(SIGTERM), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(1900))
      << "it waits two seconds at most";
}

}  // namespace
}  // namespace cpns::test
