// The life of a key between real processes: renewal, its end, revocation, erasure, restored backups.
#include <algorithm>
#include <fstream>

#include "support/lifecycle.hpp"

namespace cpns::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RenewalTest : public LifecycleTest {
 protected:
  void pair_device() {
    const auto code = world_.make_pairing_code();
    ASSERT_TRUE(code.ok()) << to_text(code.error());
    pair_until_done(*code);
  }
  std::string folder(Party party) { return world_.folder_of(party).string(); }
  nlohmann::json device_tool(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--dir", folder(Party::CmDevice)});
    const auto text = world_.run("cpns-device", std::move(arguments));
    EXPECT_TRUE(text.ok()) << to_text(text.error());
    return text ? nlohmann::json::parse(*text) : nlohmann::json();
  }
  std::string id_of_device() { return device_tool({"status", "--json"}).at("cm_device_id").get<std::string>(); }
  Result<std::string> operate(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", folder(Party::Server)});
    return world_.run("cpns", std::move(arguments));
  }
  /// The device's identity and key as somebody else would use them.
  nlohmann::json exported() { return device_tool({"export-psk", "--i-understand-this-reveals-the-key", "--json"}); }
  /// OpenSSL's own client with that key; true where the handshake is completed and a request answered.
  bool key_opens(const nlohmann::json& key) {
    std::ofstream(dir_ / "request") << "GET /hello HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n";
    const std::string script = "exec openssl s_client -connect " + world_.direct_link().endpoint() +
                               " -tls1_3 -quiet -psk_identity " + key.at("identity").get<std::string>() + " -psk " +
                               key.at("psk").get<std::string>() + " <" + (dir_ / "request").string() + " 2>" +
                               (dir_ / "s_client.err").string();
    const auto file = dir_ / ("reply-" + std::to_string(++replies_));
    auto client = cli::ChildProcess::start({"/bin/sh", {"-c", script}, file, {}});
    EXPECT_TRUE(client.ok() && client->wait(seconds(20)));
    std::ifstream in(file);
    const std::string reply(std::istreambuf_iterator<char>(in), {});
    return reply.find("200") != std::string::npos;
  }
  void copy_folder(const std::string& from, const std::string& to) {
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  }
  /// Server settings are in its file; it is started again with `text` in place of `key`'s line.
  void set(const std::string& key, const std::string& line) {
    ASSERT_TRUE(world_.stop(Party::Server).ok());
    const auto file = world_.folder_of(Party::Server) / "server.toml";
    std::ifstream in(file);
    std::string text(std::istreambuf_iterator<char>(in), {});
    const auto at = text.find("\n" + key + " = ");
    ASSERT_NE(at, std::string::npos) << key;
    text.replace(at + 1, text.find('\n', at + 1) - at - 1, line);
    std::ofstream(file, std::ios::trunc) << text;
    ASSERT_TRUE(world_.start(Party::Server).ok());
  }
  bool await_event(Party party, const std::string& name) {
    return await([&](const World::Event& event) { return event.party == party && event.line.is(name); });
  }

  int replies_ = 0;
};

TEST_F(RenewalTest, when_the_first_request_was_answered_then_the_key_that_the_pn_gw_knew_opens_nothing_any_more_R1_R2) {
  prepare();
  pair_device();
  const auto first = exported();
  ASSERT_TRUE(key_opens(first)) << "the PN GW could do so too";
  const auto first_id = id_of_device();
  EXPECT_EQ(id_in(greeting()), first_id) << "the request itself went out under the first key";
  const auto second_id = id_of_device();
  EXPECT_NE(second_id, first_id);
  EXPECT_FALSE(key_opens(first));
  const auto devices = devices_of_server();
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_EQ(devices[0].at("cm_device_id"), second_id);
  EXPECT_EQ(devices[0].at("state"), "in use");
  EXPECT_EQ(devices[0].at("device_name"), world_.options().device_name);
  EXPECT_TRUE(devices[0].at("renew_by").is_null());
  EXPECT_EQ(id_in(greeting()), second_id);
  EXPECT_EQ(id_of_device(), second_id) << "once is enough until half of its life is over";
}

TEST_F(RenewalTest, when_a_running_device_renews_then_its_mode_never_changes) {
  prepare();
  pair_device();
  const auto first_id = id_of_device();
  ASSERT_TRUE(world_.start(Party::CmDevice).ok());
  ASSERT_TRUE(await_event(Party::CmDevice, "key_renewed_here"));
  ASSERT_TRUE(await_event(Party::Server, "device_renewed"));
  const auto id = id_of_device();
  EXPECT_NE(id, first_id);
  ASSERT_TRUE(await([&](const World::Event& event) {
    return event.party == Party::Server && event.line.is("session_resumed") &&
           event.line.string("caller").find(id) != std::string::npos;
  })) << "the session goes on under the new ID";
  const auto changes = std::ranges::count_if(events_, [](const World::Event& event) {
    return event.party == Party::CmDevice && event.line.is("mode_changed") && event.line.string("state") == "Degraded";
  });
  EXPECT_EQ(changes, 0);
}

TEST_F(RenewalTest, when_a_first_key_is_not_renewed_in_time_then_it_ends_and_an_exempt_one_does_not_R6) {
  prepare();
  set("renew_within_seconds", "renew_within_seconds = 2");
  pair_device();
  const auto late = exported();
  EXPECT_EQ(devices_of_server().at(0).at("state"), "active");
  const auto until = std::chrono::steady_clock::now() + seconds(20);
  while (key_opens(late) && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_FALSE(key_opens(late));
  EXPECT_TRUE(await_event(Party::Server, "device_never_renewed"));
  const auto id = late.at("cm_device_id").get<std::string>();
  EXPECT_EQ(devices_of_server().at(0).at("state"), "expired");
  ASSERT_TRUE(operate({"device", "exempt", id}).ok());
  EXPECT_TRUE(key_opens(late));
  EXPECT_FALSE(devices_of_server().at(0).at("exempted_at").is_null());
}

TEST_F(RenewalTest, when_a_thief_renews_first_then_the_device_says_so_loudly_R5) {
  prepare();
  pair_device();
  copy_folder(folder(Party::CmDevice), (dir_ / "thief").string());
  const auto stolen = world_.run("cpns-device", {"renew", "--dir", (dir_ / "thief").string(), "--json"});
  ASSERT_TRUE(stolen.ok()) << to_text(stolen.error());
  const auto refused = world_.run("cpns-device", {"request", "hello", "/hello", "--dir", folder(Party::CmDevice)});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().got.find("P671"), std::string::npos) << refused.error().got;
  EXPECT_NE(refused.error().got.find("WARNING"), std::string::npos) << refused.error().got;
}

TEST_F(RenewalTest, when_a_device_pins_another_server_then_it_does_not_renew_R4) {
  prepare();
  pair_device();
  const auto first_id = id_of_device();
  ASSERT_TRUE(world_.configure_device("[server_proof]\npublic_key = \"" + std::string(64, 'a') + "\"\n").ok());
  const auto refused = world_.run("cpns-device", {"renew", "--dir", folder(Party::CmDevice)});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().got.find("P166"), std::string::npos) << refused.error().got;
  EXPECT_EQ(id_of_device(), first_id);
  const auto proof = world_.run("cpns-server", {"proof", folder(Party::Server), "--json"});
  ASSERT_TRUE(proof.ok());
  const auto pin = nlohmann::json::parse(*proof).at("public_key").get<std::string>();
  ASSERT_TRUE(world_.configure_device("[server_proof]\npublic_key = \"" + pin + "\"\n").ok());
  EXPECT_NE(device_tool({"renew", "--json"}).at("cm_device_id"), first_id);
}

TEST_F(RenewalTest, when_a_device_is_reset_then_its_files_are_gone_and_its_key_opens_nothing) {
  prepare();
  pair_device();
  (void)greeting();
  const auto key = exported();
  const auto done = device_tool({"reset", "--yes", "--json"});
  EXPECT_EQ(done.at("server"), "released");
  for (const auto& entry : std::filesystem::directory_iterator(folder(Party::CmDevice))) {
    EXPECT_EQ(entry.path().filename(), "lock");
  }
  EXPECT_TRUE(devices_of_server().empty());
  EXPECT_FALSE(key_opens(key));
}

TEST_F(RenewalTest, when_a_device_is_paired_again_then_the_id_of_before_is_given_up) {
  prepare();
  pair_device();
  const auto before = exported();
  pair_device();
  EXPECT_NE(id_of_device(), before.at("cm_device_id"));
  EXPECT_FALSE(key_opens(before));
  EXPECT_EQ(devices_of_server().size(), 1U);
}

TEST_F(RenewalTest,
       when_a_device_is_transferred_to_another_pn_gw_then_it_belongs_there_and_the_first_has_its_place_back) {
  prepare();
  pair_device();
  const auto before = exported();
  ASSERT_TRUE(key_opens(before));

  const auto other = (dir_ / "other-gateway").string();
  const auto token = (dir_ / "other.token").string();
  const auto code = dir_ / "other-code.png";
  ASSERT_TRUE(operate({"gateway", "add", "sip:bob@ims.example.net", "--token-file", token}).ok());
  const auto tool = [&](std::vector<std::string> arguments) {
    return world_.run("cpns-gateway", std::move(arguments));
  };
  ASSERT_TRUE(tool({"enroll", "--dir", other, "--token-file", token, "--pan-listen", "127.0.0.1:0"}).ok());
  auto gateway = cli::ChildProcess::start(
      {world_.options().programs / "cpns-gateway", {"run", "--dir", other}, {}, dir_ / "other.err"});
  ASSERT_TRUE(gateway.ok());
  // It has to run before it can say where it is to be reached.
  ASSERT_TRUE(eventually(
      [&] {
        return tool({"pair", "--dir", other, "--png", code.string(), "--json"}).ok();
      },
      seconds(20)));
  pair_until_done(code);

  const auto status = device_tool({"status", "--json"});
  EXPECT_EQ(status.at("pn_gw_id"), "sip:bob@ims.example.net");
  EXPECT_FALSE(key_opens(before)) << "the ID of before is given up";
  const auto devices = devices_of_server();
  ASSERT_EQ(devices.size(), 1U) << "nothing is left of it that would count for the first PN GW";
  EXPECT_EQ(devices[0].at("pn_gw_id"), "sip:bob@ims.example.net");
  EXPECT_EQ(id_in(greeting()), devices[0].at("cm_device_id"));
  EXPECT_EQ(gateway->end(seconds(5)).code, 0);
}

TEST_F(RenewalTest, when_a_pn_gw_has_as_many_devices_as_it_may_then_one_more_is_told_at_once_until_one_is_revoked_S7) {
  prepare();
  const auto token = (dir_ / "again.token").string();
  ASSERT_TRUE(
      operate({"gateway", "add", world_.options().pn_gw_id, "--device-quota", "1", "--token-file", token}).ok());
  pair_device();
  const auto first = id_of_device();
  world_.use_device("second");
  const auto code = world_.make_pairing_code();
  ASSERT_TRUE(code.ok());
  ASSERT_TRUE(world_.start_pairing(*code).ok());
  EXPECT_TRUE(await_event(Party::Server, "device_quota_reached"));
  const auto status = world_.wait_for_device(seconds(10));
  ASSERT_TRUE(status.ok());
  EXPECT_FALSE(status->clean()) << "the person is told";
  std::ifstream said(world_.words_of(Party::CmDevice));
  const std::string words(std::istreambuf_iterator<char>(said), {});
  EXPECT_NE(words.find(message_info(Code::gateway_has_its_quota).id), std::string::npos) << words;
  EXPECT_NE(words.find("cpns device revoke"), std::string::npos) << "and what to do next: " << words;
  EXPECT_TRUE(await_event(Party::PnGw, "device_quota_reached")) << "so does the PN GW's log";
  EXPECT_EQ(std::ranges::count_if(events_, [](const auto& event) { return event.line.is("device_pause"); }), 0)
      << "what no further attempt mends is not tried again";
  EXPECT_EQ(devices_of_server().size(), 1U) << "nothing is left of the attempt";
  ASSERT_TRUE(operate({"device", "revoke", first}).ok());
  pair_until_done(*code);
  EXPECT_NE(id_of_device(), first);
}

TEST_F(RenewalTest, when_a_pn_gw_is_revoked_then_its_links_and_its_devices_links_close_within_a_second_V1) {
  prepare();
  pair_device();
  ASSERT_TRUE(world_.start(Party::CmDevice).ok());
  EXPECT_TRUE(await_event(Party::CmDevice, "link_of_mode_up"));
  ASSERT_TRUE(await_event(Party::Server, "device_renewed"));
  const auto key = exported();
  ASSERT_TRUE(key_opens(key));
  forget();
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(operate({"gateway", "revoke", world_.options().pn_gw_id, "--yes"}).ok());
  EXPECT_TRUE(await_event(Party::Server, "operator_link_closed"));
  EXPECT_TRUE(await_event(Party::Server, "direct_link_closed"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(1));
  EXPECT_FALSE(key_opens(key));
}

TEST_F(RenewalTest, when_everything_before_now_is_revoked_then_no_device_of_before_connects_V1) {
  prepare();
  pair_device();
  (void)greeting();
  const auto key = exported();
  const auto expires = devices_of_server().at(0).at("activated_at").get<std::string>();
  // Times are in whole seconds: what was issued in this very second is not before it.
  const auto until = std::chrono::steady_clock::now() + seconds(10);
  while (key_opens(key) && std::chrono::steady_clock::now() < until) {
    const auto now = std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    ASSERT_TRUE(operate({"device", "revoke-before", std::to_string(now), "--yes"}).ok());
  }
  EXPECT_FALSE(key_opens(key)) << expires;
  EXPECT_EQ(devices_of_server().at(0).at("state"), "revoked");
}

TEST_F(RenewalTest, when_a_backup_from_before_a_revocation_is_restored_then_nothing_comes_back_V1_R2) {
  prepare();
  pair_device();
  const auto first = exported();
  const auto backup = (dir_ / "backup").string();
  ASSERT_TRUE(world_.run("cpns-server", {"backup", folder(Party::Server), "--to", backup}).ok());
  (void)greeting();  // and with it the renewal
  const auto renewed = exported();
  world_.use_device("second");
  pair_device();
  const auto second = exported();
  ASSERT_TRUE(operate({"device", "revoke", second.at("cm_device_id").get<std::string>()}).ok());
  ASSERT_TRUE(world_.stop(Party::Server).ok());
  ASSERT_TRUE(world_.run("cpns-server", {"restore", folder(Party::Server), "--from", backup, "--yes"}).ok());
  ASSERT_TRUE(world_.start(Party::Server).ok());
  EXPECT_TRUE(await_event(Party::Server, "revocations_replayed"));
  EXPECT_FALSE(key_opens(first)) << "renewed since";
  EXPECT_FALSE(key_opens(second)) << "revoked since";
  EXPECT_FALSE(key_opens(renewed)) << "the backup is older than it: to be paired again";
  EXPECT_TRUE(devices_of_server().empty());
}

}  // namespace
}  // namespace cpns::test
