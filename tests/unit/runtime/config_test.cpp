#include "runtime/config.hpp"

#include "temporary_directory.hpp"

namespace cpns::runtime::test {
namespace {

using namespace std::chrono_literals;

Config parse(std::string_view text) {
  auto config = Config::parse(text, "/etc/cpns/server.toml");
  EXPECT_TRUE(config.ok()) << to_text(config.error());
  return std::move(config).value();
}

template <class T>
void expect_error(const Result<T>& result, Code code, const std::string& got_has, const std::string& expected_has) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, code);
  EXPECT_NE(result.error().got.find(got_has), std::string::npos) << result.error().got;
  EXPECT_NE(result.error().expected.find(expected_has), std::string::npos) << result.error().expected;
}

TEST(Config, when_values_are_there_then_they_are_read) {
  const auto config = parse(R"(
server_id = "cpns.example.net"
[direct_link]
listen = "0.0.0.0:7443"
limit = 10
strict = true
handshake_seconds = 5
names = ["a", "b"]
store = "data/cpns.db"
format = "json"
[service.hello]
upstream = "127.0.0.1:8080"
[service.files]
upstream = "[::1]:8081"
)");
  const auto root = config.root();
  EXPECT_EQ(root.required_text("server_id").value(), "cpns.example.net");
  const auto direct = root.table("direct_link").value();
  EXPECT_EQ(direct.address("listen", "127.0.0.1:1").value().port, 7443);
  EXPECT_EQ(direct.integer("limit", 1, 0, 100).value(), 10);
  EXPECT_TRUE(direct.flag("strict", false).value());
  EXPECT_EQ(direct.seconds("handshake_seconds", 10s, 1s, 60s).value(), 5s);
  EXPECT_EQ(direct.texts("names", {}).value(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(direct.path("store", "x").value(), "/etc/cpns/data/cpns.db");
  EXPECT_EQ(direct.choice("format", "text", {"text", "json"}).value(), "json");
  const auto services = root.tables("service").value();
  ASSERT_EQ(services.size(), 2U);
  EXPECT_EQ(services[0].first, "files");
  EXPECT_EQ(services[0].second.address("upstream", "").value().host, "::1");
  EXPECT_EQ(services[1].second.required_text("upstream").value(), "127.0.0.1:8080");
  EXPECT_TRUE(config.finish().ok());
}

TEST(Config, when_values_are_missing_then_defaults_apply_or_the_key_is_named) {
  const auto config = parse("");
  const auto section = config.root().table("direct_link").value();
  EXPECT_EQ(section.integer("limit", 7, 0, 100).value(), 7);
  EXPECT_EQ(section.text("name", "x").value(), "x");
  EXPECT_EQ(section.address("listen", "127.0.0.1:0", true).value().port, 0);
  EXPECT_TRUE(config.root().tables("service").value().empty());
  EXPECT_FALSE(section.has("limit"));
  expect_error(section.required_text("server_id"), Code::config_key_missing, "direct_link.server_id", "text");
  EXPECT_TRUE(config.finish().ok());
}

TEST(Config, when_a_value_is_not_allowed_then_file_line_key_and_range_are_named) {
  const auto config =
      parse("\n[a]\nlimit = 1000\nflag = 1\nname = \"\"\nlog = \"xml\"\nlisten = \"nowhere\"\nlist = [1]\n");
  const auto section = config.root().table("a").value();
  expect_error(section.integer("limit", 1, 0, 100), Code::config_value_refused,
               "/etc/cpns/server.toml:3: a.limit = 1000", "0-100");
  expect_error(section.flag("flag", true), Code::config_value_refused, "server.toml:4: a.flag = 1", "true or false");
  expect_error(section.text("name", "x"), Code::config_value_refused, "server.toml:5: a.name", "1-1024 bytes");
  expect_error(section.choice("log", "text", {"text", "json"}), Code::config_value_refused, "\"xml\"", "text, json");
  expect_error(section.address("listen", "127.0.0.1:1"), Code::config_value_refused, "server.toml:7", "host:port");
  expect_error(section.texts("list", {}), Code::config_value_refused, "server.toml:8", "list");
  expect_error(section.integer("name", 1, 0, 9), Code::config_value_refused, "a.name = \"\"", "0-9");
  expect_error(config.root().tables("a"), Code::config_value_refused, "a.flag", "section");
}

TEST(Config, when_a_key_is_unknown_then_the_allowed_ones_are_listed) {
  const auto config = parse("[direct_link]\nlisten = \"127.0.0.1:1\"\nlimt = 3\n");
  const auto section = config.root().table("direct_link").value();
  ASSERT_TRUE(section.address("listen", "").ok());
  ASSERT_TRUE(section.integer("limit", 1, 0, 9).ok());
  expect_error(config.finish(), Code::config_key_unknown, "server.toml:3: direct_link.limt", "limit, listen");
}

TEST(Config, when_a_section_is_unknown_then_it_is_refused) {
  const auto config = parse("[dirct_link]\nlisten = \"127.0.0.1:1\"\n");
  ASSERT_TRUE(config.root().table("direct_link").ok());
  expect_error(config.finish(), Code::config_key_unknown, "dirct_link", "direct_link");
}

TEST(Config, when_it_is_not_toml_then_the_line_is_named) {
  expect_error(Config::parse("a = 1\nb = \n", "x.toml"), Code::config_not_toml, "x.toml:2", "");
  expect_error(Config::parse("a = 1\na = 2\n", "x.toml"), Code::config_not_toml, "x.toml:2", "");
  expect_error(Config::parse("\xff\xfe", "x.toml"), Code::config_not_toml, "x.toml", "");
  EXPECT_FALSE(Config::parse(std::string(100'000, '['), "x.toml").ok());
}

TEST(Config, when_others_may_write_the_file_then_it_is_refused) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(Config::open(directory.write("good.toml", "a = 1\n", 0644)).ok());
  expect_error(Config::open(directory.write("group.toml", "a = 1\n", 0664)), Code::config_writable_by_others,
               "group.toml", "owner");
  expect_error(Config::open(directory.write("all.toml", "a = 1\n", 0646)), Code::config_writable_by_others, "all.toml",
               "owner");
  EXPECT_FALSE(Config::open(directory.path() / "missing.toml").ok());
  expect_error(Config::open(directory.write("large.toml", std::string(2 << 20, '#'))), Code::config_unreadable,
               "large.toml", "1048576");
}

}  // namespace
}  // namespace cpns::runtime::test
