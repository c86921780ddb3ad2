// Start, stop and the admin interface of a real server.

#include <gtest/gtest.h>

#include <csignal>

#include "integration/server/clients.hpp"
#include "integration/server/upstream.hpp"
#include "support/deadline.hpp"

namespace cpns::test {
namespace {

TEST(ServerLifecycle, WhenItIsAskedToEndThenItEndsCleanlyWithOpenLinks) {
  Upstream upstream;
  ServerProcess server(upstream.settings());
  server.start();
  Clients clients(server);
  const auto device = clients.device();
  auto busy = clients.open_direct_link(device, {"http/1.1"});
  ASSERT_TRUE(busy.ok());
  ASSERT_TRUE(clients.run((*busy)->write(as_bytes("GET /silent HTTP/1.1\r\nHost: hello\r\n\r\n"))).ok());
  auto idle = clients.open_direct_link(device, {"cpns/1"});
  ASSERT_TRUE(idle.ok());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(server.end_with(SIGTERM), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_EQ(server.count_log("server_stopped"), 1U);
  // And it starts again with everything that was active.
  server.start();
  EXPECT_EQ(server.admin("GET", "/v1/devices/" + device.cm_device_id.text()).status, 200U);
  EXPECT_TRUE(clients.open_direct_link(device, {"cpns/1"}).ok());
  EXPECT_EQ(server.end_with(SIGINT), 0);
}

TEST(ServerLifecycle, WhenAdminRequestsAreWrongThenTheAnswerSaysWhatIs) {
  ServerProcess server;
  server.start();
  const auto unknown = server.admin("GET", "/v1/nothing");
  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(unknown.body.at("code"), "U561");
  EXPECT_FALSE(unknown.body.at("action").get<std::string>().empty());
  EXPECT_EQ(server.admin("POST", "/v1/gateways", "nonsense").body.at("code"), "U560");
  EXPECT_EQ(server.admin("POST", "/v1/gateways", R"({"pn_gw_id":"sip:a@b","color":"red"})").body.at("code"), "U562");
  EXPECT_EQ(server.admin("POST", "/v1/gateways", R"({"pn_gw_id":"sip:a@b","device_quota":0})").body.at("code"), "U560");
  EXPECT_EQ(server.admin("POST", "/v1/gateways", R"({"pn_gw_id":"alice"})").status, 400U);
  EXPECT_EQ(server.admin("POST", "/v1/gateways", std::string(70'000, ' ')).status, 413U);
  EXPECT_EQ(server.admin("GET", "/v1/devices/cm-x").status, 400U);
  const auto nobody = ids::CmDeviceId(std::array<std::uint8_t, 16>{}).text();
  EXPECT_EQ(server.admin("GET", "/v1/devices/" + nobody).status, 404U);
  EXPECT_EQ(server.admin("POST", "/v1/devices/" + nobody + "/revoke").status, 404U);
  const auto list = server.admin("GET", "/v1");
  EXPECT_EQ(list.status, 200U);
  EXPECT_EQ(list.body.at("requests").size(), 20U);
  const auto status = server.admin("GET", "/v1/status");
  EXPECT_EQ(status.body.at("server_id"), "cpns.test");
  EXPECT_EQ(status.body.at("listeners").size(), 3U);
}

TEST(ServerLifecycle, WhenASettingTurnsAProtectionOffThenTheLogNamesItAtTheStart) {
  ServerProcess server({}, {{"renew_within_seconds = 86400", "renew_within_seconds = 0"}});
  server.start();
  const auto said = server.wait_for_log("settings_risky");
  EXPECT_NE(said.at("got").get<std::string>().find("renew_within_seconds"), std::string::npos) << said;
  EXPECT_EQ(server.count_log("settings_risky"), 1U);
}

TEST(ServerLifecycle, WhenThereAreManyGatewaysThenTheyComeInPages) {
  ServerProcess server;
  server.start();
  for (int i = 0; i < 5; ++i) (void)server.token_for("sip:gateway" + std::to_string(i) + "@ims.test");
  std::vector<std::string> seen;
  std::string after;
  for (int page = 0; page < 3; ++page) {
    const auto reply = server.admin("GET", "/v1/gateways?limit=2" + after);
    ASSERT_EQ(reply.status, 200U);
    for (const auto& gateway : reply.body.at("gateways")) seen.push_back(gateway.at("pn_gw_id"));
    if (reply.body.at("next").is_null()) break;
    after = "&after=" + reply.body.at("next").get<std::string>();
  }
  EXPECT_EQ(seen.size(), 5U);
}

}  // namespace
}  // namespace cpns::test
