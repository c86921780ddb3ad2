// Identities that nobody has cost the Server no read of its store; those that somebody has are always found.

#include <gtest/gtest.h>

#include <csignal>

#include "integration/server/clients.hpp"
#include "integration/server/upstream.hpp"

namespace cpns::test {
namespace {

const std::string kGet = "GET /size/5 HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n";

class IdentityFloodTest : public ::testing::Test {
 protected:
  // One machine is the whole crowd: the limit of an address is not what is tried here.
  IdentityFloodTest()
      : server_(upstream_.settings(), {{"connections_burst = 2000", "connections_burst = 1000000"},
                                       {"assignments_per_minute = 600", "assignments_per_minute = 6000"}}),
        clients_(server_) {}
  std::uint64_t status(const std::string& key) {
    return server_.admin("GET", "/v1/status").body.at(key).get<std::uint64_t>();
  }
  secret::TlsPsk some_key() {
    return secret::TlsPsk::make([&](std::span<std::uint8_t, 32> to) { clients_.random().fill(to); });
  }
  Upstream upstream_;
  ServerProcess server_;
  Clients clients_;
};

TEST_F(IdentityFloodTest, WhenUnknownIdentitiesFloodThenTheStoreIsReadForFewOfThemT2) {
  constexpr std::uint64_t kStrangers = 2'600;
  server_.start();
  const auto device = clients_.device();
  const auto reads_before = status("identity_store_reads");
  const auto filtered_before = status("identity_filtered");
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < kStrangers; ++i) {
    const ids::CmDeviceId nobody(clients_.random().bytes<ids::CmDeviceId::kSize>());
    // Half of them look like aliases; the Server can not open those.
    const auto identity = i % 2 == 0 ? nobody.text() : to_base64url(clients_.random().bytes<46>());
    ASSERT_FALSE(clients_.open_direct_link(identity, some_key(), {"http/1.1"}).ok());
  }
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
  // What may be wasted so that a few strangers are answered in the time of others; all the rest cost nothing.
  const auto most = static_cast<std::uint64_t>(2000 + 200 * passed.count()) + 1;
  const auto reads = status("identity_store_reads") - reads_before;
  const auto filtered = status("identity_filtered") - filtered_before;
  EXPECT_LE(reads, most);
  EXPECT_EQ(reads + filtered, kStrangers);
  // On a machine too slow for a flood, all of them may be wasted.
  if (kStrangers > most) {
    EXPECT_GE(filtered, kStrangers - most);
  }
  EXPECT_TRUE(clients_.request(device, kGet).ends_with("xxxxx")) << "whoever is known is found in the middle of it";
}

TEST_F(IdentityFloodTest, WhenTheServerStartsAgainThenEveryDeviceItKnewIsFound) {
  server_.start();
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  std::vector<assign::Credential> devices;
  {
    auto link = clients_.open_operator_link(gateway);
    ASSERT_TRUE(link.ok());
    for (int i = 0; i < 20; ++i) devices.push_back(std::move(*clients_.assign(**link, gateway).credential));
  }
  ASSERT_EQ(server_.end_with(SIGTERM), 0);
  server_.start();
  server_.wait_for_log("restart_loaded");
  EXPECT_EQ(status("identities"), devices.size());
  for (const auto& device : devices) EXPECT_TRUE(clients_.request(device, kGet).ends_with("xxxxx"));
}

TEST_F(IdentityFloodTest, WhenADeviceCallsTheMomentItIsActiveThenItIsFoundEachTime) {
  server_.start();
  const auto gateway = clients_.enrolled("sip:alice@ims.test");
  auto link = clients_.open_operator_link(gateway);
  ASSERT_TRUE(link.ok());
  for (int i = 0; i < 50; ++i) {
    const auto made = clients_.assign(**link, gateway);
    ASSERT_TRUE(made.credential.has_value());
    ASSERT_TRUE(clients_.request(*made.credential, kGet).ends_with("xxxxx")) << i;
  }
}

TEST_F(IdentityFloodTest, WhenADeviceIsErasedThenItsIdentityIsKnownToNobody) {
  server_.start();
  const auto device = clients_.device();
  ASSERT_EQ(status("identities"), 1U);
  ASSERT_EQ(server_.admin("POST", "/v1/devices/" + device.cm_device_id.text() + "/erase", "{}").status, 200U);
  EXPECT_EQ(status("identities"), 0U);
  EXPECT_FALSE(clients_.open_direct_link(device, {"http/1.1"}).ok());
}

}  // namespace
}  // namespace cpns::test
