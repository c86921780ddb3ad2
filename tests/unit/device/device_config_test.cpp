#include "device/device_config.hpp"

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace cpns::device {
namespace {

using activation::Mode;

Result<DeviceConfig> read(std::string_view text) { return parse_config(text, "/etc/cpns/device.toml"); }

void expect_refused(std::string_view text, std::string_view named) {
  const auto config = read(text);
  ASSERT_FALSE(config.ok()) << text;
  const auto said = to_text(config.error());
  EXPECT_NE(said.find(named), std::string::npos) << said;
  EXPECT_NE(said.find("device.toml"), std::string::npos) << said;
}

// The template with its comment signs taken away, where they stand before a setting.
std::string uncommented() {
  std::string text;
  std::string_view rest = config_template();
  while (!rest.empty()) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const bool setting = line.find(" = ") != std::string_view::npos && line.find(':') > line.find(" = ");
    if (line.starts_with("# [") || (line.starts_with("# ") && setting)) line.remove_prefix(2);
    text += std::string(line) + "\n";
  }
  return text;
}

}  // namespace

TEST(DeviceConfig, without_a_file_the_device_prefers_direct_and_offers_nothing) {
  const test::TempDir dir;
  const auto config = load_config(DeviceFolder{dir.path()});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->policy.mode, Mode::PreferDirect);
  EXPECT_TRUE(config->policy.standby);
  EXPECT_TRUE(config->forwards.empty());
  EXPECT_FALSE(config->proxy);
  EXPECT_FALSE(config->pan.enabled);
}

TEST(DeviceConfig, the_template_is_written_once_and_says_the_defaults) {
  const test::TempDir dir;
  const DeviceFolder folder{dir.path()};
  ASSERT_TRUE(write_config_template(folder).ok());
  ASSERT_TRUE(load_config(folder).ok());
  const auto config = read(uncommented());
  ASSERT_TRUE(config.ok()) << to_text(config.error()) << uncommented();
  const DeviceConfig fresh;
  EXPECT_EQ(config->policy.mode, fresh.policy.mode);
  EXPECT_EQ(config->policy.hold, fresh.policy.hold);
  EXPECT_EQ(config->policy.switches_per_minute, fresh.policy.switches_per_minute);
  EXPECT_EQ(config->pan.enabled, fresh.pan.enabled);
  EXPECT_EQ(config->pan.connections_per_device, fresh.pan.connections_per_device);
  EXPECT_EQ(config->pan.idle, fresh.pan.idle);
  ASSERT_EQ(config->forwards.size(), 2U);
  EXPECT_EQ(config->forwards[1].unix_socket, "/etc/cpns/mqtt.sock");
  EXPECT_TRUE(config->proxy);
}

TEST(DeviceConfig, all_values_are_read) {
  const auto config = read(
      "[policy]\nmode = \"gateway\"\nstandby = false\nhold_seconds = 9\nswitches_per_minute = 3\n"
      "[[forward]]\nservice = \"ssh\"\nlisten = \"[::1]:0\"\n[[forward]]\nservice = \"mqtt\"\nunix = \"/run/m.sock\"\n"
      "[proxy]\nlisten = \"127.0.0.1:0\"\n"
      "[pan]\nenabled = true\nlisten = \"0.0.0.0:0\"\nendpoints = [\"10.0.0.1:7446\"]\nconnections_per_device = 2\n"
      "bytes_per_second = 1000\nidle_seconds = 60\nonly_cpns = true\n");
  ASSERT_TRUE(config.ok()) << to_text(config.error());
  EXPECT_EQ(config->policy.mode, Mode::FixedGateway);
  EXPECT_FALSE(config->policy.standby);
  EXPECT_EQ(config->policy.hold, std::chrono::seconds(9));
  EXPECT_EQ(config->forwards[0].listen->host, "::1");
  EXPECT_EQ(config->forwards[1].unix_socket, "/run/m.sock");
  EXPECT_EQ(config->proxy->port, 0);
  EXPECT_EQ(config->pan.bytes_per_second, 1000U);
  EXPECT_TRUE(config->pan.only_cpns);
}

TEST(DeviceConfig, what_is_wrong_is_named_with_file_and_key) {
  expect_refused("[policy]\nmode = \"fast\"\n", "policy.mode");
  expect_refused("[policy]\nspeed = 1\n", "policy.speed");
  expect_refused("[[forward]]\nlisten = \"127.0.0.1:1\"\n", "forward[0].service");
  expect_refused("[[forward]]\nservice = \"a b\"\nlisten = \"127.0.0.1:1\"\n", "forward[0].service");
  expect_refused("[[forward]]\nservice = \"ssh\"\n", "with neither");
  expect_refused("[[forward]]\nservice = \"ssh\"\nlisten = \"127.0.0.1:1\"\nunix = \"/a\"\n", "with both");
  expect_refused("[[forward]]\nservice = \"ssh\"\nunix = \"/" + std::string(200, 'a') + "\"\n", "forward[0].unix");
  expect_refused("forward = 7\n", "[[forward]]");
  expect_refused("[[forward]]\nservice = \"ssh\"\nunix = \"/a\"\nport = 3\n", "forward[0].port");
}

TEST(DeviceConfig, a_port_that_others_reach_needs_an_explicit_word) {
  for (const std::string address : {"0.0.0.0:2222", "192.0.2.1:2222", "[::]:2222", "tablet.example.net:2222"}) {
    const auto listen = "listen = \"" + address + "\"\n";
    expect_refused("[[forward]]\nservice = \"ssh\"\n" + listen, "allow_remote = true");
    expect_refused("[proxy]\n" + listen, "allow_remote = true");
    EXPECT_TRUE(read("[proxy]\nallow_remote = true\n" + listen).ok()) << address;
  }
  for (const std::string address : {"127.0.0.1:1", "127.8.0.1:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(read("[proxy]\nlisten = \"" + address + "\"\n").ok()) << address;
  }
}

TEST(DeviceConfig, each_mode_has_its_word) {
  for (const auto mode : {Mode::PreferDirect, Mode::PreferGateway, Mode::FixedDirect, Mode::FixedGateway}) {
    EXPECT_EQ(mode_of(word_of(mode)), mode);
  }
  EXPECT_FALSE(mode_of("auto"));
}

}  // namespace cpns::device
