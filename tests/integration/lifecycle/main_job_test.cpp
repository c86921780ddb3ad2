// The main job between real processes: sixteen steps, a service used through the direct link, two devices at once,
// revocation.
#include <fstream>
#include <set>

#include "support/lifecycle.hpp"

namespace cpns::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class MainJobTest : public LifecycleTest {
 protected:
  void pair_device() {
    const auto code = world_.make_pairing_code();
    ASSERT_TRUE(code.ok()) << to_text(code.error());
    pair_until_done(*code);
  }

  // What `cpns-device export-psk --json` says: the identity that the next link offers, and its key.
  nlohmann::json exported() {
    const auto text = world_.run("cpns-device", {"export-psk", "--dir", world_.folder_of(Party::CmDevice).string(),
                                                 "--i-understand-this-reveals-the-key", "--json"});
    EXPECT_TRUE(text.ok()) << to_text(text.error());
    return text ? nlohmann::json::parse(*text) : nlohmann::json();
  }

  // One request by OpenSSL's own client with the device's exported PSK; the reply's body.
  std::string foreign_request(const std::string& request) {
    const auto key = exported();
    if (key.is_null()) return {};
    std::ofstream(dir_ / "request") << request;
    const std::string script = "exec openssl s_client -connect " + world_.direct_link().endpoint() +
                               " -tls1_3 -quiet -psk_identity " + key.at("identity").get<std::string>() + " -psk " +
                               key.at("psk").get<std::string>() + " <" + (dir_ / "request").string() + " 2>" +
                               (dir_ / "s_client.err").string();
    auto client = cli::ChildProcess::start({"/bin/sh", {"-c", script}, dir_ / "reply", {}});
    EXPECT_TRUE(client.ok() && client->wait(seconds(20)));
    std::ifstream in(dir_ / "reply");
    const std::string reply(std::istreambuf_iterator<char>(in), {});
    const auto body = reply.find("\r\n\r\n");
    EXPECT_NE(body, std::string::npos) << reply;
    return body == std::string::npos ? std::string() : reply.substr(body + 4);
  }
};

TEST_F(MainJobTest, when_a_device_is_paired_and_runs_then_every_step_is_done_in_order_under_one_run) {
  prepare();
  pair_device();
  ASSERT_TRUE(world_.start(Party::CmDevice).ok());
  std::string run;
  std::int64_t last_us = 0;
  for (const auto& info : assign::kSteps) {
    ASSERT_TRUE(await_step(info.step)) << assign::number(info.step);
    const auto event = std::ranges::find_if(events_, [&](const World::Event& e) {
      return e.party == info.reported_by && e.line.is("step_done") &&
             e.line.number("step") == assign::number(info.step);
    });
    if (run.empty()) run = event->line.string("run");
    EXPECT_EQ(event->line.string("run"), run) << event->line.text;
    if (info.step == Step::ServerFinished) continue;  // the device may say so after the Server has said step 15
    EXPECT_GE(event->line.number("mono_us").value_or(0), last_us) << event->line.text;
    last_us = event->line.number("mono_us").value_or(0);
  }
}

TEST_F(MainJobTest, when_a_service_is_used_then_it_gets_the_verified_identity_and_nothing_forged) {
  prepare();
  pair_device();
  const auto id = settled_id();
  // Our own client refuses to send these; a stranger's does not.
  const auto headers = foreign_request(
      "GET /headers HTTP/1.1\r\nHost: hello\r\nCPNS-Device-ID: cm-forged\r\n"
      "cpns-pn-gw-id: sip:mallory@example.net\r\nX-Mine: kept\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_NE(headers.find("kept"), std::string::npos);
  std::size_t device_ids = 0;
  std::size_t gateway_ids = 0;
  for (const auto& field : nlohmann::json::parse(headers)) {
    auto name = field[0].get<std::string>();
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name == "cpns-device-id") {
      ++device_ids;
      EXPECT_EQ(field[1], id);
    } else if (name == "cpns-pn-gw-id") {
      ++gateway_ids;
      EXPECT_EQ(field[1], world_.options().pn_gw_id);
    }
  }
  EXPECT_EQ(device_ids, 1U);
  EXPECT_EQ(gateway_ids, 1U);
  const auto devices = devices_of_server();
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_EQ(devices[0].at("cm_device_id"), id);
  EXPECT_EQ(devices[0].at("device_name"), world_.options().device_name);
}

TEST_F(MainJobTest, when_two_devices_are_paired_at_once_then_each_gets_an_identity_of_its_own) {
  prepare();
  world_.pan_link().set_delay(milliseconds(10));
  World::Options second = world_.options();
  const auto first_code = world_.make_pairing_code();
  ASSERT_TRUE(first_code.ok());
  const auto second_code = dir_ / "second-code.png";
  std::filesystem::copy_file(*first_code, dir_ / "first-code.png");
  ASSERT_TRUE(world_.make_pairing_code().ok());
  std::filesystem::rename(*first_code, second_code);

  ASSERT_TRUE(world_.start_pairing(dir_ / "first-code.png").ok());
  auto other = cli::ChildProcess::start(
      {std::filesystem::path(world_.options().programs) / "cpns-device",
       {"pair", second_code.string(), "--dir", (dir_ / "camera-2").string(), "--name", "camera-2"},
       {},
       dir_ / "camera-2.err"});
  ASSERT_TRUE(other.ok());
  const auto first_end = world_.wait_for_device(seconds(20));
  const auto second_end = other->wait(seconds(20));
  ASSERT_TRUE(first_end && first_end->clean());
  ASSERT_TRUE(second_end && second_end->clean());
  const auto first_id = settled_id();
  world_.use_device("camera-2");
  const auto second_id = settled_id();
  EXPECT_NE(first_id, second_id);
  EXPECT_EQ(devices_of_server().size(), 2U);
}

TEST_F(MainJobTest, when_a_device_is_revoked_then_its_link_closes_within_a_second_and_it_is_refused) {
  prepare();
  pair_device();
  const auto id = settled_id();
  forget();
  ASSERT_TRUE(world_.start(Party::CmDevice).ok());
  ASSERT_TRUE(await_step(Step::LinkHello));
  forget();
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(world_.run("cpns", {"device", "revoke", id, "--server", world_.folder_of(Party::Server).string()}).ok());
  ASSERT_TRUE(await(
      [](const World::Event& event) { return event.party == Party::Server && event.line.is("direct_link_closed"); }));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(1)) << "[V1]";
  EXPECT_FALSE(world_.request("hello", "/hello").ok());
  const auto devices = devices_of_server();
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_EQ(devices[0].at("state"), "revoked");
}

TEST_F(MainJobTest, when_a_device_sends_requests_then_each_link_offers_another_identity_T5) {
  prepare();
  pair_device();
  const auto id = settled_id();
  std::set<std::string> offered;
  constexpr std::size_t kRequests = 3;
  for (std::size_t i = 0; i < kRequests; ++i) {
    offered.insert(exported().at("identity").get<std::string>());
    EXPECT_EQ(id_in(greeting()), id);
  }
  EXPECT_EQ(offered.size(), kRequests);
}

TEST_F(MainJobTest, when_the_server_starts_again_then_a_device_is_known_still) {
  prepare();
  pair_device();
  const auto id = settled_id();
  ASSERT_TRUE(world_.stop(Party::Server).ok());
  ASSERT_TRUE(world_.start(Party::Server).ok());
  EXPECT_EQ(id_in(greeting()), id);
}

}  // namespace
}  // namespace cpns::test
