#include "gateway/gateway_config.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_dir.hpp"

namespace cpns::gateway {
namespace {

class GatewayConfigTest : public testing::Test {
 protected:
  Result<GatewayConfig> load(const std::string& text) {
    std::ofstream(folder.config(), std::ios::trunc) << text;
    std::filesystem::permissions(folder.config(), std::filesystem::perms(0600));
    return load_config(folder);
  }
  void expect_refused(const std::string& text, Code code) {
    const auto config = load(text);
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_EQ(config.error().code, code) << to_text(config.error());
  }

  test::TempDir dir;
  GatewayFolder folder{dir.path()};
  const std::string good = "[operator_link]\nserver = \"s.example.net:7440\"\nserver_id = \"cpns.example.net\"\n";
};

TEST_F(GatewayConfigTest, what_enrolment_writes_is_read_back) {
  for (const auto* id : {"cpns.example.net", "odd \"name\" with \\ in it", "Zürich"}) {
    const auto text = config_text({*ids::ServerId::parse(id), StandaloneSettings{*ids::Endpoint::parse("[::1]:7440")}},
                                  *ids::PnGwId::parse("sip:alice@ims.example.net"), kDefaultPanListen);
    const auto config = load(text);
    ASSERT_TRUE(config.ok()) << to_text(config.error());
    EXPECT_EQ(std::get<StandaloneSettings>(config->operator_link.kind).server.text(), "[::1]:7440");
    EXPECT_EQ(config->operator_link.server_id.text(), id);
    EXPECT_EQ(config->pan_link.host, "0.0.0.0");
    EXPECT_EQ(config->pan_link.port, 7445);
    EXPECT_TRUE(config->pan_link.endpoints.empty());
  }
}

TEST_F(GatewayConfigTest, defaults_apply_where_nothing_is_said) {
  const auto config = load(good);
  ASSERT_TRUE(config.ok()) << to_text(config.error());
  EXPECT_EQ(config->pan_link.port, 7445);
  EXPECT_EQ(config->log.format, runtime::LogFormat::Text);
}

TEST_F(GatewayConfigTest, endpoints_and_log_are_read) {
  const auto config =
      load(good +
           "[pan_link]\nlisten = \"127.0.0.1:0\"\nendpoints = [\"gw.example.net:7445\", \"[2001:db8::1]:7445\"]\n"
           "[log]\nformat = \"json\"\nlevel = \"debug\"\nfile = \"gw.log\"\n");
  ASSERT_TRUE(config.ok()) << to_text(config.error());
  EXPECT_EQ(config->pan_link.port, 0);
  ASSERT_EQ(config->pan_link.endpoints.size(), 2U);
  EXPECT_EQ(config->pan_link.endpoints[1].text(), "[2001:db8::1]:7445");
  EXPECT_EQ(config->log.format, runtime::LogFormat::Json);
  EXPECT_EQ(config->log.level, Level::Debug);
  EXPECT_EQ(config->log.file, (dir.path() / "gw.log").string());
}

TEST_F(GatewayConfigTest, what_the_ims_command_writes_is_read_back) {
  ImsSettings ims{*ids::PnGwId::parse("sip:alice@ims.test"),
                  "alice@ims.test",
                  "ims.test",
                  *ids::Endpoint::parse("pcscf.ims.test:5061"),
                  true,
                  "sip:cpns@ims.test",
                  "192.0.2.20",
                  "192.0.2.1",
                  true,
                  "a \"reader\"",
                  "/etc/pin"};
  const auto config = load(config_text({*ids::ServerId::parse("cpns.test"), ims}, ims.user, kDefaultPanListen));
  ASSERT_TRUE(config.ok()) << to_text(config.error());
  const auto& read = std::get<ImsSettings>(config->operator_link.kind);
  EXPECT_EQ(read.user, ims.user);
  EXPECT_EQ(read.private_identity, ims.private_identity);
  EXPECT_EQ(read.realm, ims.realm);
  EXPECT_EQ(read.pcscf.text(), ims.pcscf.text());
  EXPECT_TRUE(read.tls);
  EXPECT_EQ(read.service, ims.service);
  EXPECT_EQ(read.local, ims.local);
  EXPECT_EQ(read.pcscf_address, ims.pcscf_address);
  EXPECT_TRUE(read.card);
  EXPECT_EQ(read.reader, ims.reader);
  EXPECT_EQ(read.pin_file, ims.pin_file);
}

TEST_F(GatewayConfigTest, when_an_ims_user_is_wrong_then_the_error_names_it) {
  const std::string begin = "[operator_link]\nkind = \"ims\"\nserver_id = \"x\"\n";
  expect_refused(begin, Code::config_key_missing);
  expect_refused(begin + "user = \"alice\"\n", Code::config_value_refused);
  expect_refused(begin + "user = \"sip:a@b\"\npcscf = \"p\"\n", Code::config_value_refused);
  expect_refused(begin + "user = \"sip:a@b\"\npcscf = \"p:1\"\nservice = \"cpns\"\n", Code::config_value_refused);
  expect_refused(begin +
                     "user = \"sip:a@b\"\npcscf = \"p:1\"\nservice = \"sip:c@b\"\nprivate_identity = \"a@b\"\n"
                     "realm = \"b\"\ntransport = \"udp\"\n",
                 Code::config_value_refused);
}

TEST_F(GatewayConfigTest, when_something_is_wrong_then_the_error_names_it) {
  expect_refused("[operator_link]\nserver = \"s:1\"\n", Code::config_key_missing);
  expect_refused("[operator_link]\nserver = \"no port\"\nserver_id = \"x\"\n", Code::config_value_refused);
  expect_refused("[operator_link]\nkind = \"carrier pigeon\"\nserver = \"s:1\"\nserver_id = \"x\"\n",
                 Code::operator_link_kind_unknown);
  expect_refused(good + "colour = \"blue\"\n", Code::config_key_unknown);
  expect_refused(good + "[pan_link]\nendpoints = [\"nonsense\"]\n", Code::config_value_refused);
  expect_refused(good + "[pan_link]\nendpoints = [\"a:1\",\"a:2\",\"a:3\",\"a:4\",\"a:5\"]\n",
                 Code::config_value_refused);
  expect_refused(good + "[log]\nlevel = \"loud\"\n", Code::config_value_refused);
  expect_refused("[operator_link\n", Code::config_not_toml);
}

}  // namespace
}  // namespace cpns::gateway
