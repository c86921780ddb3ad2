#include "server/settings.hpp"

#include <gtest/gtest.h>

namespace cpns::server {
namespace {

Result<Settings> parse(const std::string& text) { return parse_settings(text, "/etc/cpns/server.toml"); }

std::string complaint(const std::string& text) {
  const auto settings = parse(text);
  return settings ? "accepted" : to_text(settings.error());
}

TEST(ServerSettings, WhenOnlyTheNameIsGivenThenEverythingElseHasItsDefault) {
  const auto settings = parse("server_id = \"cpns.example.net\"\n");
  ASSERT_TRUE(settings.ok()) << to_text(settings.error());
  EXPECT_EQ(settings->server_id.text(), "cpns.example.net");
  EXPECT_EQ(settings->operator_link.listen.port, 7440);
  EXPECT_EQ(settings->direct_link.listen.port, 7443);
  EXPECT_EQ(settings->quota.pending, 32U);
  EXPECT_EQ(settings->quota.devices, 100U);
  EXPECT_EQ(settings->pending_lifetime, std::chrono::seconds(300));
  EXPECT_EQ(settings->direct_link.cpns_links_per_device, 2U);
  EXPECT_TRUE(settings->services.empty());
}

TEST(ServerSettings, WhenTheTemplateIsReadBackThenItSaysTheDefaults) {
  InitChoices choices;
  choices.server_id = "cpns.example.net";
  const auto from_template = parse(settings_template(choices));
  ASSERT_TRUE(from_template.ok()) << to_text(from_template.error());
  const auto bare = parse("server_id = \"cpns.example.net\"\n");
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(from_template->threads, bare->threads);
  EXPECT_EQ(from_template->operator_link.max_links, bare->operator_link.max_links);
  EXPECT_EQ(from_template->operator_link.limits.idle, bare->operator_link.limits.idle);
  EXPECT_EQ(from_template->operator_link.limits.messages_per_second, bare->operator_link.limits.messages_per_second);
  EXPECT_EQ(from_template->direct_link.max_half_open, bare->direct_link.max_half_open);
  EXPECT_EQ(from_template->direct_link.allow_plain_identity, bare->direct_link.allow_plain_identity);
  EXPECT_EQ(from_template->direct_link.dead, bare->direct_link.dead);
  EXPECT_EQ(from_template->http.upstream, bare->http.upstream);
  EXPECT_EQ(from_template->http.tunnel_idle, bare->http.tunnel_idle);
  EXPECT_EQ(from_template->device_lifetime, bare->device_lifetime);
  EXPECT_EQ(from_template->token_lifetime, bare->token_lifetime);
  EXPECT_FALSE(from_template->operator_link.endpoint);
  EXPECT_TRUE(from_template->direct_link.endpoints.empty());
}

TEST(ServerSettings, WhenMoreThreadsAreWantedThanThereMayBeThenItIsRefused) {
  const std::string most = "server_id = \"x\"\n[server]\nthreads = ";
  EXPECT_EQ(parse(most + std::to_string(kMostThreads)).value().threads, kMostThreads);
  EXPECT_FALSE(parse(most + std::to_string(kMostThreads + 1)).ok());
}

TEST(ServerSettings, WhenChoicesHoldQuotesThenTheTemplateStillReadsBack) {
  InitChoices choices;
  choices.server_id = "a \"b\" \\ \xc3\xa9";
  choices.direct_endpoints = {"one.example.net:1", "[::1]:2"};
  choices.operator_endpoint = "one.example.net:3";
  choices.operator_listen = "[::1]:0";
  const auto settings = parse(settings_template(choices));
  ASSERT_TRUE(settings.ok()) << to_text(settings.error());
  EXPECT_EQ(settings->server_id.text(), choices.server_id);
  ASSERT_EQ(settings->direct_link.endpoints.size(), 2U);
  EXPECT_EQ(settings->direct_link.endpoints[1].text(), "[::1]:2");
  EXPECT_EQ(settings->operator_link.endpoint->text(), "one.example.net:3");
  EXPECT_EQ(settings->operator_link.listen.port, 0);
}

TEST(ServerSettings, WhenServicesAreNamedThenEachHasItsUpstream) {
  const auto settings = parse(
      "server_id = \"s\"\n[service.hello]\nupstream = \"127.0.0.1:8080\"\n[service.files-2]\nupstream = "
      "\"[::1]:90\"\n");
  ASSERT_TRUE(settings.ok()) << to_text(settings.error());
  ASSERT_EQ(settings->services.size(), 2U);
  EXPECT_EQ(settings->services.at("hello").upstream.text(), "127.0.0.1:8080");
}

TEST(ServerSettings, WhenThereIsAnImsSectionThenSipIsHeardThere) {
  const std::string rest =
      "next_hop = \"icscf.test:5060\"\ns_cscf = [\"192.0.2.3\", \"2001:DB8::3\"]\n"
      "public_service_identity = \"sip:cpns@ims.test\"\n";
  const std::string begin = "server_id = \"s\"\n[ims]\nlisten = \"[2001:db8::1]:5060\"\n";
  const auto tcp = parse_settings(begin + rest, "server.toml");
  ASSERT_TRUE(tcp.ok()) << to_text(tcp.error());
  EXPECT_TRUE(tcp->ims.enabled());
  EXPECT_EQ(tcp->ims.listen, "sip:[2001:db8::1]:5060;transport=tcp");
  EXPECT_EQ(tcp->ims.next_hop, "sip:icscf.test:5060;transport=tcp");
  EXPECT_EQ(tcp->ims.s_cscf.at(1), "2001:db8::3");
  const auto tls =
      parse_settings(begin + rest + "tls_folder = \"t\"\ns_cscf_names = [\"scscf.test\"]\n", "server.toml");
  ASSERT_TRUE(tls.ok()) << to_text(tls.error());
  EXPECT_EQ(tls->ims.listen, "sips:[2001:db8::1]:5060");
  EXPECT_EQ(tls->ims.next_hop, "sip:icscf.test:5060;transport=tls");
  EXPECT_FALSE(parse_settings("server_id = \"s\"\n", "server.toml")->ims.enabled());
}

TEST(ServerSettings, WhenASettingTurnsAProtectionOffThenItIsNamedAndTheDefaultsAreNot) {
  const std::string id = "server_id = \"s\"\n";
  const auto risks = [&](const std::string& text) { return risks_of(parse(id + text).value()); };
  EXPECT_TRUE(risks("").empty());
  const std::string ims =
      "[ims]\nlisten = \"192.0.2.1:5060\"\nnext_hop = \"icscf.test:5060\"\ns_cscf = [\"192.0.2.3\"]\n"
      "public_service_identity = \"sip:cpns@ims.test\"\n";
  EXPECT_TRUE(risks(ims + "tls_folder = \"t\"\ns_cscf_names = [\"scscf.test\"]\n").empty());
  const std::vector<std::pair<std::string, std::string>> risky = {
      {"[assignment]\nrenew_within_seconds = 0\n", "renew_within_seconds"},
      {"[process]\nsandbox = false\n", "sandbox"},
      {ims, "tls_folder"},
  };
  for (const auto& [text, key] : risky) {
    const auto said = risks(text);
    ASSERT_EQ(said.size(), 1U) << text;
    EXPECT_NE(said.front().find(key), std::string::npos) << said.front();
  }
}

TEST(ServerSettings, WhenSomethingIsWrongThenTheComplaintNamesFileAndKey) {
  const std::string id = "server_id = \"s\"\n";
  const std::string ims = "[ims]\nlisten = \"192.0.2.10:5060\"\n";
  const std::string good_hop = "next_hop = \"192.0.2.2:5060\"\n";
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "server_id"},
      {"server_id = \"\"\n", "server_id"},
      {id + "[direct_link]\nlisten = \"nonsense\"\n", "direct_link.listen"},
      {id + "[direct_link]\nendpoints = [\"host:0\"]\n", "direct_link.endpoints"},
      {id + "[direct_link]\nmax_half_open = 0\n", "direct_link.max_half_open"},
      {id + "[direct_link]\nping_seconds = 90\ndead_seconds = 90\n", "direct_link.dead_seconds"},
      {id + "[assignment]\npending_seconds = 301\n", "assignment.pending_seconds"},
      {id + "[assignment]\npending_per_gateway = 33\n", "assignment.pending_per_gateway"},
      {id + "[http]\nhead_secondz = 1\n", "head_secondz"},
      {id + "[service.Hello]\nupstream = \"127.0.0.1:1\"\n", "Hello"},
      {id + "[service.hello]\n", "service.hello"},
      {id + "[service.hello]\nupstream = \"127.0.0.1\"\n", "service.hello.upstream"},
      {id + "[ims]\nlisten = \"nowhere\"\n", "ims.listen"},
      {id + ims + "next_hop = \"\"\n", "ims.next_hop"},
      {id + ims + good_hop, "ims.s_cscf"},
      {id + ims + good_hop + "s_cscf = [\"scscf.ims.test\"]\n", "ims.s_cscf"},
      {id + ims + good_hop + "s_cscf = [\"192.0.2.3\"]\n", "ims.public_service_identity"},
      {id + ims + good_hop + "s_cscf = [\"192.0.2.3\"]\ntls_folder = \"tls\"\n", "ims.s_cscf_names"},
      {id + "unknown = 1\n", "unknown"},
  };
  for (const auto& [text, key] : wrong) {
    const auto words = complaint(text);
    EXPECT_NE(words.find(key), std::string::npos) << words;
    EXPECT_NE(words.find("/etc/cpns/server.toml"), std::string::npos) << words;
  }
}

}  // namespace
}  // namespace cpns::server
