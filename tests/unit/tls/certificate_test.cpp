// The operator link: certificates both ways, and enrolment beside them [L1].

#include "engine_pair.hpp"
#include "tls/certificate_uri.hpp"
#include "tls/x509.hpp"

namespace cpns::tls::test {
namespace {

const ids::UnixTime kNow = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
constexpr const char* kGateway = "sip:alice@ims.example.net";

ids::ServerId server_id(std::string_view text) { return ids::ServerId::parse(text).value(); }
ids::PnGwId gateway_id(std::string_view text) { return ids::PnGwId::parse(text).value(); }

struct World {
  Identity ca = make_ca("Test CA", 30, kNow).value();
  ids::UnixTime issued_at = kNow;
  int days = 10;

  CertificateProfile gateway(std::string_view id, const std::string& server) const {
    auto request = make_key_and_csr(gateway_id(id)).value();
    auto certificate = issue_gateway_certificate(ca, request.request_der, gateway_id(id), days, issued_at).value();
    return {.certificate_chain_pem = std::move(certificate),
            .private_key_pem = std::move(request.private_key_pem),
            .trusted_ca_pem = ca.certificate_pem,
            .alpn = {"cpns-operator/1"},
            .expected_server_name = server};
  }
  CertificateProfile server(std::string_view id, const std::vector<std::string>& more = {}) const {
    auto identity = make_server_certificate(ca, server_id(id), more, days, issued_at).value();
    return {.certificate_chain_pem = std::move(identity.certificate_pem),
            .private_key_pem = std::move(identity.private_key_pem),
            .trusted_ca_pem = ca.certificate_pem,
            .alpn = {"cpns-operator/1", "cpns-enroll/1", "cpns-bearer/1"},
            .expected_server_name = {}};
  }
};

Pair certificate_pair(CertificateProfile client, CertificateProfile server) {
  Pair pair;
  pair.client = make_certificate_client_factory(std::move(client)).value()->make().value();
  pair.server = make_certificate_server_factory(std::move(server)).value()->make().value();
  return pair;
}

std::unique_ptr<Engine> enrolling(std::vector<std::string> alpn, std::uint8_t key = 1) {
  return make_psk_client({.identity = "token-1", .psk = psk_of(key), .alpn = std::move(alpn)}).value();
}

TEST(CertificateLink, when_both_sides_belong_together_then_the_identity_is_proved) {
  const World world;
  auto pair = certificate_pair(world.gateway(kGateway, "cpns.example.net"), world.server("cpns.example.net"));
  pair.run();
  ASSERT_TRUE(pair.open()) << to_text(pair.client_error.value_or(Error{Code::tls_misused}));
  EXPECT_TRUE(pair.asked.empty());
  const auto peer = pair.server->peer();
  EXPECT_EQ(pn_gw_id_of(peer.certificate_uris).value().text(), kGateway);
  EXPECT_TRUE(peer.certificate_sha256.has_value());
  EXPECT_EQ(peer.psk_identity, "");
  EXPECT_EQ(pair.server->alpn(), "cpns-operator/1");
  EXPECT_TRUE(pair.client->peer().certificate_sha256.has_value());
}

TEST(CertificateLink, when_server_id_is_a_name_an_address_or_any_text_then_it_is_checked) {
  const World world;
  for (const std::string name : {"cpns.example.net", "192.0.2.7", "::1", "Zürich CPNS #1", "localhost"}) {
    auto good = certificate_pair(world.gateway(kGateway, name), world.server(name));
    good.run();
    EXPECT_TRUE(good.open()) << name << " " << to_text(good.client_error.value_or(Error{Code::tls_misused}));
    auto bad = certificate_pair(world.gateway(kGateway, name), world.server("other.example.net", {"203.0.113.1"}));
    bad.run();
    EXPECT_FALSE(bad.open());
    ASSERT_TRUE(bad.client_error) << name;
    EXPECT_EQ(bad.client_error->code, Code::tls_certificate_wrong_name) << to_text(*bad.client_error);
    EXPECT_EQ(bad.server_error->code, Code::tls_peer_alert);
  }
}

TEST(CertificateLink, when_a_certificate_holds_a_wildcard_then_it_matches_no_host) {
  const World world;
  auto pair = certificate_pair(world.gateway(kGateway, "cpns.example.net"), world.server("*.example.net"));
  pair.run();
  ASSERT_TRUE(pair.client_error);
  EXPECT_EQ(pair.client_error->code, Code::tls_certificate_wrong_name);
}

TEST(CertificateLink, when_another_authority_issued_the_certificate_then_it_is_not_trusted) {
  const World world;
  const World stranger;
  auto client = stranger.gateway(kGateway, "a.example");
  client.trusted_ca_pem = world.ca.certificate_pem;
  auto pair = certificate_pair(std::move(client), world.server("a.example"));
  pair.run();
  ASSERT_TRUE(pair.server_error);
  EXPECT_EQ(pair.server_error->code, Code::tls_certificate_not_trusted);
  EXPECT_NE(pair.server->state(), EngineState::Open);

  auto other = certificate_pair(world.gateway(kGateway, "a.example"), stranger.server("a.example"));
  other.run();
  ASSERT_TRUE(other.client_error);
  EXPECT_EQ(other.client_error->code, Code::tls_certificate_not_trusted);
}

TEST(CertificateLink, when_a_certificate_has_expired_or_is_not_yet_valid_then_it_is_refused) {
  const World world;
  for (const auto shift : {-std::chrono::hours(24 * 20), std::chrono::hours(24)}) {
    World other = {.ca = {world.ca.certificate_pem, secret::SecretBuffer::copy_of(world.ca.private_key_pem.view())}};
    other.issued_at = kNow + shift;
    auto pair = certificate_pair(other.gateway(kGateway, "a.example"), world.server("a.example"));
    pair.run();
    ASSERT_TRUE(pair.server_error);
    EXPECT_EQ(pair.server_error->code, Code::tls_certificate_expired) << to_text(*pair.server_error);
  }
}

TEST(CertificateLink, when_a_certificate_is_for_the_other_role_then_it_is_refused) {
  const World world;
  auto client = world.gateway(kGateway, "a.example");
  auto wrong = world.server("b.example");
  client.certificate_chain_pem = wrong.certificate_chain_pem;
  client.private_key_pem = std::move(wrong.private_key_pem);
  auto pair = certificate_pair(std::move(client), world.server("a.example"));
  pair.run();
  ASSERT_TRUE(pair.server_error);
  EXPECT_EQ(pair.server_error->code, Code::tls_certificate_wrong_purpose) << to_text(*pair.server_error);
}

TEST(CertificateLink, when_a_certificate_client_asks_for_enrolment_then_it_is_refused) {
  const World world;
  auto client = world.gateway(kGateway, "a.example");
  client.alpn = {"cpns-enroll/1"};
  auto pair = certificate_pair(std::move(client), world.server("a.example"));
  pair.run();
  ASSERT_TRUE(pair.server_error);
  EXPECT_EQ(pair.server_error->code, Code::tls_enrolment_mixed);
  EXPECT_TRUE(pair.asked.empty());
}

TEST(CertificateLink, when_a_token_is_good_then_enrolment_opens) {
  const World world;
  auto pair = certificate_pair(world.gateway(kGateway, "a.example"), world.server("a.example"));
  pair.client = enrolling({"cpns-enroll/1"});
  pair.run();
  ASSERT_TRUE(pair.open()) << to_text(pair.server_error.value_or(Error{Code::tls_misused}));
  EXPECT_EQ(pair.asked, std::vector<std::string>{"token-1"});
  EXPECT_EQ(pair.server->peer().psk_identity, "token-1");
  EXPECT_TRUE(pair.server->peer().certificate_uris.empty());
  EXPECT_EQ(pair.server->alpn(), "cpns-enroll/1");
}

TEST(CertificateLink, when_a_bearer_token_is_good_then_its_protocol_opens_and_a_certificate_never_opens_that) {
  const World world;
  auto pair = certificate_pair(world.gateway(kGateway, "a.example"), world.server("a.example"));
  pair.client = enrolling({"cpns-bearer/1"});
  pair.run();
  ASSERT_TRUE(pair.open()) << to_text(pair.server_error.value_or(Error{Code::tls_misused}));
  EXPECT_EQ(pair.server->alpn(), "cpns-bearer/1");
  auto client = world.gateway(kGateway, "a.example");
  client.alpn = {"cpns-bearer/1"};
  auto refused = certificate_pair(std::move(client), world.server("a.example"));
  refused.run();
  ASSERT_TRUE(refused.server_error);
  EXPECT_EQ(refused.server_error->code, Code::tls_enrolment_mixed);
}

TEST(CertificateLink, when_a_token_asks_for_the_operator_link_then_it_is_refused) {
  const World world;
  for (const std::vector<std::string>& alpn : {std::vector<std::string>{"cpns-operator/1"}, {}}) {
    auto pair = certificate_pair(world.gateway(kGateway, "a.example"), world.server("a.example"));
    pair.client = enrolling(alpn);
    pair.run();
    EXPECT_FALSE(pair.open());
    ASSERT_TRUE(pair.server_error);
    EXPECT_EQ(pair.server_error->code, alpn.empty() ? Code::tls_alpn_refused : Code::tls_enrolment_mixed);
    EXPECT_TRUE(pair.asked.empty());
  }
}

TEST(CertificateLink, when_a_token_offers_both_protocols_then_only_enrolment_is_chosen) {
  const World world;
  auto pair = certificate_pair(world.gateway(kGateway, "a.example"), world.server("a.example"));
  pair.client = enrolling({"cpns-operator/1", "cpns-enroll/1"});
  pair.run();
  ASSERT_TRUE(pair.open());
  EXPECT_EQ(pair.server->alpn(), "cpns-enroll/1");
}

TEST(CertificateLink, when_a_token_is_wrong_or_unknown_then_it_is_refused) {
  const World world;
  auto wrong = certificate_pair(world.gateway(kGateway, "a.example"), world.server("a.example"));
  wrong.client = enrolling({"cpns-enroll/1"}, 2);
  wrong.run();
  ASSERT_TRUE(wrong.server_error);
  EXPECT_EQ(wrong.server_error->code, Code::tls_psk_refused);

  auto unknown = certificate_pair(world.gateway(kGateway, "a.example"), world.server("a.example"));
  unknown.client = enrolling({"cpns-enroll/1"});
  unknown.answer = [](const std::string&) { return std::nullopt; };
  unknown.run();
  EXPECT_FALSE(unknown.open());
  ASSERT_TRUE(unknown.server_error);
}

TEST(CertificateLink, when_files_do_not_fit_then_the_factory_says_so) {
  const World world;
  auto profile = world.server("a.example");
  profile.private_key_pem = std::move(world.server("a.example").private_key_pem);
  const auto made = make_certificate_server_factory(std::move(profile));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::tls_profile_unusable);

  auto broken = world.server("a.example");
  broken.certificate_chain_pem = {'x'};
  EXPECT_FALSE(make_certificate_server_factory(std::move(broken)).ok());
  auto trusting_nobody = world.server("a.example");
  trusting_nobody.trusted_ca_pem.clear();
  EXPECT_FALSE(make_certificate_server_factory(std::move(trusting_nobody)).ok());
}

}  // namespace
}  // namespace cpns::tls::test
