// The direct link of a real server: steps 12-16, revocation, limits.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "core/assign/key_schedule.hpp"
#include "core/stream/frame.hpp"
#include "integration/server/clients.hpp"
#include "integration/server/upstream.hpp"
#include "support/deadline.hpp"

namespace cpns::test {
namespace {

using Link = std::shared_ptr<runtime::SecureLink>;

class DirectLinkTest : public ::testing::Test {
 protected:
  explicit DirectLinkTest(const std::vector<std::pair<std::string, std::string>>& settings = {})
      : server_(upstream_.settings(), settings), clients_(server_) {}
  void SetUp() override { server_.start(); }

  /// A cpns/1 link through step 16; its fresh alias.
  struct Open {
    Link link;
    std::shared_ptr<runtime::MessageLink> messages;
    std::string alias;
  };
  Open open(const assign::Credential& device) {
    auto link = clients_.open_direct_link(device, {"cpns/1"});
    EXPECT_TRUE(link.ok()) << (link ? "" : to_text(link.error()));
    if (!link) return {};
    auto messages = std::make_shared<runtime::MessageLink>(*link);
    const ids::CorrelationId run(clients_.random().bytes<8>());
    const auto hello = assign::send_link_hello(assign::Role::CmDevice, device.server_id, device.cm_device_id, run);
    EXPECT_TRUE(clients_.send(*messages, hello).ok());
    const auto theirs = clients_.receive(*messages);
    EXPECT_TRUE(theirs.ok() && std::holds_alternative<assign::LinkHello>(theirs->body));
    const auto update = clients_.receive(*messages);
    EXPECT_TRUE(update.ok());
    const auto* alias = update ? std::get_if<assign::AliasUpdate>(&update->body) : nullptr;
    EXPECT_NE(alias, nullptr);
    // A first key is to be renewed [R1].
    const auto invitation = clients_.receive(*messages);
    EXPECT_TRUE(invitation.ok() && std::holds_alternative<assign::ActivationInvite>(invitation->body));
    return {*link, messages, alias == nullptr ? "" : alias->identity_alias.text()};
  }
  std::string state_of(const assign::Credential& device) {
    return server_.admin("GET", "/v1/devices/" + device.cm_device_id.text()).body.value("state", "");
  }

  Upstream upstream_;
  ServerProcess server_;
  Clients clients_;
};

TEST_F(DirectLinkTest, WhenADeviceConnectsThenItGetsAFreshAliasAndIsInUse) {
  const auto device = clients_.device();
  const auto opened = open(device);
  EXPECT_NE(opened.alias, device.identity_alias.text());
  EXPECT_TRUE(eventually([&] { return state_of(device) == "in use"; })) << state_of(device);
  for (const int step : {12, 13, 15, 16}) {
    const auto logged = [&] {
      const auto lines = server_.log();
      return std::ranges::any_of(
          lines, [&](const auto& line) { return line.value("name", "") == "step_done" && line.at("step") == step; });
    };
    EXPECT_TRUE(eventually(logged)) << step;
  }
  // The alias works, and so does a Ping.
  auto psk = assign::derive_tls_psk(device.cm_device_key, device.server_id);
  EXPECT_TRUE(clients_.open_direct_link(opened.alias, std::move(psk), {"http/1.1"}).ok());
  ASSERT_TRUE(clients_.send(*opened.messages, assign::encode_public(ids::CorrelationId({}), assign::Ping{{7}})).ok());
  const auto pong = clients_.receive(*opened.messages);
  ASSERT_TRUE(pong.ok());
  EXPECT_TRUE(std::holds_alternative<assign::Pong>(pong->body));
}

TEST_F(DirectLinkTest, WhenAClientHasNoAlpnOrThePlainIdentityThenItIsServedHttp) {
  const auto device = clients_.device();
  auto psk = assign::derive_tls_psk(device.cm_device_key, device.server_id);
  auto link = clients_.open_direct_link(device.cm_device_id.text(), std::move(psk), {});
  ASSERT_TRUE(link.ok()) << to_text(link.error());
  ASSERT_TRUE(
      clients_.run((*link)->write(as_bytes("GET /size/5 HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n"))).ok());
  EXPECT_TRUE(clients_.read_to_end(**link).ends_with("xxxxx"));
}

TEST_F(DirectLinkTest, WhenIdentityOrKeyAreWrongThenTheClientSeesTheSameAndTheLogTellsThemApart) {
  const auto device = clients_.device();
  const auto revoked = clients_.device("sip:bob@ims.test");
  EXPECT_EQ(server_.admin("POST", "/v1/devices/" + revoked.cm_device_id.text() + "/revoke").status, 200U);
  auto random_psk = [&] {
    return secret::TlsPsk::make([&](std::span<std::uint8_t, 32> to) { clients_.random().fill(to); });
  };

  const auto wrong_key = clients_.open_direct_link(device.identity_alias.text(), random_psk(), {"cpns/1"});
  const auto unknown =
      clients_.open_direct_link(ids::CmDeviceId(clients_.random().bytes<16>()).text(), random_psk(), {"cpns/1"});
  const auto nonsense = clients_.open_direct_link("no identity at all", random_psk(), {"cpns/1"});
  const auto gone = clients_.open_direct_link(revoked, {"cpns/1"});
  ASSERT_FALSE(wrong_key.ok());
  for (const auto* other : {&unknown, &nonsense, &gone}) {
    ASSERT_FALSE(other->ok());
    EXPECT_EQ(other->error().code, wrong_key.error().code);
    EXPECT_EQ(other->error().got, wrong_key.error().got);
  }
  server_.wait_for_log("tls_psk_refused");
  server_.wait_for_log("device_identity_unknown");
  server_.wait_for_log("psk_identity_malformed");
  EXPECT_EQ(server_.wait_for_log("device_identity_revoked").at("cm_device_id"), revoked.cm_device_id.text());
}

TEST_F(DirectLinkTest, WhenLinkHelloNamesAnotherRoleOrDeviceThenTheLinkEnds) {
  const auto device = clients_.device();
  const ids::CorrelationId run(clients_.random().bytes<8>());
  const std::vector<Bytes> wrong = {
      assign::send_link_hello(assign::Role::CpnsServer, device.server_id, device.cm_device_id, run),
      assign::send_link_hello(assign::Role::CmDevice, device.server_id, ids::CmDeviceId({}), run),
      assign::encode_public(run, assign::Ping{{}}),
  };
  for (const auto& hello : wrong) {
    auto link = clients_.open_direct_link(device, {"cpns/1"});
    ASSERT_TRUE(link.ok());
    runtime::MessageLink messages(*link);
    ASSERT_TRUE(clients_.send(messages, hello).ok());
    ASSERT_TRUE(clients_.receive(messages).ok());  // the Server's own LinkHello
    const auto answer = clients_.receive(messages);
    ASSERT_TRUE(answer.ok());
    EXPECT_TRUE(assign::is_alert(*answer));
    EXPECT_FALSE(clients_.receive(messages).ok());
  }
  EXPECT_EQ(server_.wait_for_log("link_hello_differs").at("rule"), "T6");
  EXPECT_NE(state_of(device), "in use");
}

TEST_F(DirectLinkTest, WhenADeviceIsRevokedThenItsOpenLinksCloseWithinASecond) {
  const auto device = clients_.device();
  const auto other = clients_.device("sip:bob@ims.test");
  const auto signalling = open(device);
  const auto unharmed = open(other);
  auto http = clients_.open_direct_link(device, {"http/1.1"});
  ASSERT_TRUE(http.ok());
  // One of them waits for a service that says nothing.
  ASSERT_TRUE(clients_.run((*http)->write(as_bytes("GET /silent HTTP/1.1\r\nHost: hello\r\n\r\n"))).ok());
  EXPECT_TRUE(eventually([&] {
    return server_.admin("GET", "/v1/devices/" + device.cm_device_id.text()).body.at("open_links").size() == 2;
  }));

  const auto begin = std::chrono::steady_clock::now();
  const auto reply = server_.admin("POST", "/v1/devices/" + device.cm_device_id.text() + "/revoke", "{}");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.body.at("closed_links"), 2);
  EXPECT_FALSE(clients_.receive(*signalling.messages).ok());
  Bytes buffer(10);
  const auto end = clients_.run((*http)->read_some(buffer));
  EXPECT_TRUE(!end.ok() || *end == 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_EQ(state_of(device), "revoked");
  EXPECT_FALSE(clients_.open_direct_link(device, {"cpns/1"}).ok());
  ASSERT_TRUE(clients_.send(*unharmed.messages, assign::encode_public(ids::CorrelationId({}), assign::Ping{{7}})).ok());
  EXPECT_TRUE(clients_.receive(*unharmed.messages).ok());
}

TEST_F(DirectLinkTest, WhenADeviceOpensAThirdLinkThenItIsReportedAndTheOldestIsClosed) {
  const auto device = clients_.device();
  const auto with_session = [&] {
    auto opened = open(device);
    Bytes frame;
    stream::append_frame(frame, ids::CorrelationId({}), stream::SessionOpen{{}, 65536, true, true, 1, {}});
    // MessageLink adds the length itself.
    const ByteView message = ByteView(frame).subspan(4);
    EXPECT_TRUE(clients_.send(*opened.messages, Bytes(message.begin(), message.end())).ok());
    EXPECT_TRUE(clients_.run(opened.messages->receive()).ok()) << "SessionAccept";
    return opened;
  };
  const auto first = with_session();
  const auto second = with_session();
  const auto third = with_session();
  EXPECT_EQ(server_.wait_for_log("link_count_exceeded").at("cm_device_id"), device.cm_device_id.text());
  EXPECT_FALSE(clients_.receive(*first.messages).ok());
  ASSERT_TRUE(clients_.send(*third.messages, assign::encode_public(ids::CorrelationId({}), assign::Ping{{7}})).ok());
  EXPECT_TRUE(clients_.receive(*third.messages).ok());
}

class ShortTimesTest : public DirectLinkTest {
 protected:
  ShortTimesTest()
      : DirectLinkTest({{"switch_seconds = 30", "switch_seconds = 1"},
                        {"renew_within_seconds = 86400", "renew_within_seconds = 4"}}) {}
};

TEST_F(ShortTimesTest, WhenADeviceIsInTwoPlacesForLongerThanASwitchThenTheOperatorIsToldR7) {
  const auto home = clients_.device();
  const auto device = clients_.device("sip:bob@ims.test");
  const auto one_place = std::array{open(home), open(home)};
  const auto first = open(device);
  clients_.come_from("127.0.0.2");
  const auto second = open(device);
  const auto said = server_.wait_for_log("link_places_differ");
  EXPECT_EQ(said.at("cm_device_id"), device.cm_device_id.text()) << "two links from one place are no matter";
  EXPECT_EQ(said.at("places"), 2);
}

TEST_F(ShortTimesTest, WhenTheTimeOfAKeyIsOverThenItsOpenLinkClosesR6) {
  const auto device = clients_.device();
  const auto link = open(device);
  EXPECT_TRUE(eventually([&] { return state_of(device) == "in use"; }));
  EXPECT_FALSE(clients_.receive(*link.messages).ok());
  EXPECT_EQ(server_.wait_for_log("device_links_expired").at("cm_device_id"), device.cm_device_id.text());
  EXPECT_EQ(state_of(device), "expired");
}

}  // namespace
}  // namespace cpns::test
