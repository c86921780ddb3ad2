// Rotation of the master key in a real server, with the real commands [V2].
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <fstream>

#include "integration/server/clients.hpp"
#include "integration/server/filled_store.hpp"
#include "server/folder_keys.hpp"
#include "store/sync.hpp"
#include "support/deadline.hpp"
#include "support/soft_token.hpp"

namespace cpns::test {
namespace {

using nlohmann::json;

struct Ran {
  int status;
  std::string out;
};

Ran shell(const std::string& line) {
  FILE* pipe = ::popen((line + " 2>&1").c_str(), "r");
  std::string out;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out.push_back(static_cast<char>(c));
  return {WEXITSTATUS(::pclose(pipe)), out};
}

class KeyRotationTest : public ::testing::Test {
 protected:
  [[nodiscard]] static Ran cpns(const ServerProcess& server, const std::string& command) {
    return shell(std::string(CPNS_PROGRAM) + " " + command + " --server " + server.folder().string());
  }
  static json status(const ServerProcess& server) { return json::parse(cpns(server, "key status --json").out); }
  static bool answers(Clients& clients, const assign::Credential& device) {
    const auto reply = clients.request(device, "GET / HTTP/1.1\r\nHost: nobody\r\nConnection: close\r\n\r\n");
    return reply.find("404") != std::string::npos;
  }
  /// Devices that nobody uses, so that a rotation has something to do. The server does not run.
  static void fill(const ServerProcess& server, std::size_t devices) {
    runtime::SystemRandom random;
    const auto now = runtime::now();
    std::vector<StoredDevice> stored;
    for (std::size_t i = 0; i < devices; ++i) {
      const auto gateway = ids::PnGwId::parse("sip:many-" + std::to_string(i / 100) + "@ims.test").value();
      stored.push_back({gateway, ids::CmDeviceId(random.bytes<16>()), now, now + std::chrono::hours(24)});
    }
    fill_store({server.folder()}, stored);
  }
};

TEST_F(KeyRotationTest, when_the_key_is_rotated_then_devices_notice_nothing_and_the_old_key_can_go) {
  ServerProcess server;
  server.start();
  Clients clients(server);
  const auto device = clients.device();
  ASSERT_TRUE(answers(clients, device));
  const auto rotated = cpns(server, "key rotate");
  EXPECT_EQ(rotated.status, 0) << rotated.out;
  EXPECT_NE(rotated.out.find("under master key 2"), std::string::npos) << rotated.out;
  EXPECT_TRUE(answers(clients, device));
  EXPECT_EQ(status(server).at("master_keys"), json({1, 2}));
  EXPECT_EQ(cpns(server, "key remove 2 --yes").status, 1) << "the one that seals";
  const auto removed = cpns(server, "key remove 1 --yes");
  EXPECT_EQ(removed.status, 0) << removed.out;
  EXPECT_FALSE(std::filesystem::exists(server.folder() / "keys" / "master.key"));
  EXPECT_TRUE(answers(clients, device));
  EXPECT_EQ(server.end_with(SIGTERM), 0);
  server.start();
  EXPECT_TRUE(answers(clients, device)) << "alias, journal and audit keys have been moved too";
  EXPECT_EQ(cpns(server, "audit verify").status, 0);
  const auto log = cpns(server, "audit export").out;
  for (const auto* kind : {"master_key_rotating", "master_key_rotated", "master_key_removed"}) {
    EXPECT_NE(log.find(kind), std::string::npos) << kind;
  }
}

TEST_F(KeyRotationTest, when_private_keys_lie_bare_in_a_folder_of_before_then_they_are_sealed_and_can_be_exported_V2) {
  ServerProcess server;
  const auto file_of = [&](const std::string& which) {
    return server.folder() / which / (which == "ca" ? "ca.key" : "server.key");
  };
  const auto content = [](const std::filesystem::path& file) {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const auto is_bare = [&](const std::filesystem::path& file) {
    return content(file).find("PRIVATE KEY-----") != std::string::npos;
  };
  const auto exported = [&](const std::string& which, const std::string& to) {
    return shell(std::string(CPNS_SERVER_PROGRAM) + " export-key " + server.folder().string() + " " + which + " --to " +
                 (server.folder() / to).string());
  };
  for (const std::string which : {"ca", "tls"}) {
    EXPECT_FALSE(is_bare(file_of(which))) << which << ": init seals it";
    const auto first = exported(which, which + ".bare");
    ASSERT_EQ(first.status, 0) << first.out;
    EXPECT_EQ(exported(which, which + ".bare").status, 1) << "it writes over nothing";
    const auto bare = server.folder() / (which + ".bare");
    ASSERT_TRUE(is_bare(bare));
    EXPECT_EQ(std::filesystem::status(bare).permissions(), std::filesystem::perms(0600));
    std::filesystem::copy_file(bare, file_of(which), std::filesystem::copy_options::overwrite_existing);
  }
  server.start();
  Clients clients(server);
  const auto device = clients.device();  // enrols a PN GW: the CA signs, the certificate is shown
  EXPECT_TRUE(answers(clients, device));
  EXPECT_EQ(server.end_with(SIGTERM), 0);
  for (const std::string which : {"ca", "tls"}) {
    EXPECT_FALSE(is_bare(file_of(which))) << which;
    ASSERT_EQ(exported(which, which + ".again").status, 0);
    EXPECT_EQ(content(server.folder() / (which + ".again")), content(server.folder() / (which + ".bare")));
  }
}

TEST_F(KeyRotationTest, when_the_server_is_killed_in_the_middle_then_it_goes_on_by_itself_and_loses_nothing) {
  ServerProcess server;
  server.start();
  Clients clients(server);
  const auto device = clients.device();
  EXPECT_EQ(server.end_with(SIGTERM), 0);
  fill(server, 10'000);
  server.start();
  ASSERT_EQ(cpns(server, "key rotate --no-wait").status, 0);
  ASSERT_TRUE(eventually([&] { return status(server).at("done").get<std::size_t>() > 0; }));
  EXPECT_EQ(server.end_with(SIGKILL), -SIGKILL);
  server.start();
  EXPECT_TRUE(answers(clients, device)) << "in the middle of it";
  EXPECT_TRUE(eventually([&] { return status(server).at("complete").get<bool>(); }, std::chrono::seconds(60)));
  EXPECT_EQ(status(server).at("unopened"), 0);
  EXPECT_EQ(cpns(server, "key remove 1 --yes").status, 0);
  EXPECT_TRUE(answers(clients, device));
}

TEST_F(KeyRotationTest, when_a_rotation_is_under_way_then_a_second_one_is_refused) {
  ServerProcess server;
  fill(server, 5000);
  server.start();
  ASSERT_EQ(cpns(server, "key rotate --no-wait").status, 0);
  const auto second = cpns(server, "key rotate --no-wait --json");
  if (second.status == 0) GTEST_SKIP() << "the first one was over already";
  EXPECT_NE(second.out.find("L569"), std::string::npos) << second.out;
}

TEST_F(KeyRotationTest, when_the_alias_key_is_rotated_then_aliases_of_before_are_still_taken_T5) {
  ServerProcess server;
  server.start();
  Clients clients(server);
  const auto device = clients.device();
  const auto rotated = cpns(server, "key rotate --alias");
  EXPECT_EQ(rotated.status, 0) << rotated.out;
  EXPECT_TRUE(answers(clients, device)) << "its alias was made under the key before";
  const auto fresh = clients.device("sip:bob@ims.test");
  EXPECT_TRUE(answers(clients, fresh));
  EXPECT_EQ(status(server).at("alias_keys").size(), 2U);
  EXPECT_NE(device.identity_alias.text().substr(0, 3), fresh.identity_alias.text().substr(0, 3))
      << "the key's number stands in its first bytes";
  EXPECT_EQ(server.end_with(SIGTERM), 0);
  server.start();
  EXPECT_TRUE(answers(clients, device));
  EXPECT_TRUE(answers(clients, fresh));
}

TEST_F(KeyRotationTest, when_the_master_key_is_wrapped_by_a_token_then_all_works_and_a_wrong_pin_opens_nothing_V2) {
  const SoftToken token;
  ASSERT_TRUE(token.made()) << "softhsm2-util could not make a token";
  ServerProcess server({}, {},
                       {"--keys", "pkcs11", "--pkcs11-module", SoftToken::module(), "--pkcs11-token", SoftToken::kLabel,
                        "--pkcs11-pin-file", token.pin_file()});
  server.start();
  Clients clients(server);
  const auto device = clients.device();
  EXPECT_TRUE(answers(clients, device));
  EXPECT_FALSE(std::filesystem::exists(server.folder() / "keys" / "master.key"));
  EXPECT_EQ(cpns(server, "key rotate").status, 0);
  EXPECT_TRUE(answers(clients, device));
  EXPECT_EQ(server.end_with(SIGTERM), 0);
  const auto backup = shell(std::string(CPNS_SERVER_PROGRAM) + " backup " + server.folder().string() + " --to " +
                            (server.folder() / "backup").string());
  EXPECT_EQ(backup.status, 0) << backup.out;

  token.write_pin("9999");
  const auto refused = shell(std::string(CPNS_SERVER_PROGRAM) + " run " + server.folder().string());
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.out.find("CKR_PIN_INCORRECT"), std::string::npos) << refused.out;
  token.write_pin("5678");
  server.start();
  EXPECT_TRUE(answers(clients, device));
  std::ifstream in(server.folder() / "server.toml");
  const std::string settings(std::istreambuf_iterator<char>(in), {});
  EXPECT_EQ(settings.find("5678"), std::string::npos) << "the PIN is in no configuration";
}

TEST_F(KeyRotationTest, when_the_key_comes_from_the_service_manager_then_a_new_one_beside_it_begins_a_rotation) {
  const TempDir credentials;
  const auto put = [&](const std::string& name, char byte) {
    std::ofstream(credentials / name) << std::string(32, byte);
    ::chmod((credentials / name).c_str(), 0400);
  };
  ::setenv("CREDENTIALS_DIRECTORY", credentials.path().c_str(), 1);
  put("master.key", 'a');
  {
    ServerProcess server({}, {}, {"--keys", "credential"});
    server.start();
    Clients clients(server);
    const auto device = clients.device();
    EXPECT_TRUE(answers(clients, device));
    const auto refused = cpns(server, "key rotate");
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.out.find("master-2.key"), std::string::npos) << refused.out;
    EXPECT_EQ(server.end_with(SIGTERM), 0);
    put("master-2.key", 'b');
    server.start();
    EXPECT_TRUE(eventually([&] { return status(server).at("complete").get<bool>(); }));
    EXPECT_EQ(status(server).at("current"), 2);
    EXPECT_EQ(server.end_with(SIGTERM), 0);
    std::filesystem::remove(credentials / "master.key");
    server.start();
    EXPECT_TRUE(answers(clients, device)) << "the first key is needed no more";
  }
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace
}  // namespace cpns::test
