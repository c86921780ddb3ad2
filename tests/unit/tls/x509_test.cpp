#include "tls/x509.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tls/certificate_uri.hpp"
#include "tls/x509_encoding.hpp"
#include "tls/x509_names.hpp"

namespace cpns::tls {
namespace {

const ids::UnixTime kNow{std::chrono::seconds(1'800'000'000)};
const auto kGateway = ids::PnGwId::parse("sip:alice@ims.example.net").value();

Bytes request_with(const PkeyPtr& key) {
  const X509ReqPtr request(X509_REQ_new());
  EXPECT_EQ(X509_REQ_set_pubkey(request.get(), key.get()), 1);
  EXPECT_GT(X509_REQ_sign(request.get(), key.get(), EVP_PKEY_is_a(key.get(), "ED25519") ? nullptr : EVP_sha256()), 0);
  return to_der(*request).value();
}

TEST(X509, when_a_gateway_certificate_is_issued_then_it_says_what_was_decided) {
  const auto ca = make_ca("CPNS CA", 3650, kNow).value();
  const auto request = make_key_and_csr(ids::PnGwId::parse("sip:mallory@evil.example").value()).value();
  const auto pem = issue_gateway_certificate(ca, request.request_der, kGateway, 90, kNow).value();
  const auto info = certificate_info(pem).value();
  EXPECT_EQ(info.uris, std::vector<std::string>{"sip:alice@ims.example.net"});
  EXPECT_EQ(info.not_before, kNow - std::chrono::minutes(5));
  EXPECT_EQ(info.not_after, kNow + std::chrono::days(90));
  EXPECT_EQ(info.days_left(kNow), 90);
  EXPECT_EQ(info.days_left(kNow + std::chrono::days(91)), -1);
  const auto certificate = parse_certificate(pem).value();
  EXPECT_EQ(X509_get_extended_key_usage(certificate.get()), static_cast<std::uint32_t>(XKU_SSL_CLIENT));
  EXPECT_EQ(X509_check_ca(certificate.get()), 0);
}

TEST(X509, when_two_certificates_are_issued_then_their_serials_differ) {
  const auto ca = make_ca("CPNS CA", 3650, kNow).value();
  const auto request = make_key_and_csr(kGateway).value();
  const auto first = issue_gateway_certificate(ca, request.request_der, kGateway, 90, kNow).value();
  const auto second = issue_gateway_certificate(ca, request.request_der, kGateway, 90, kNow).value();
  EXPECT_NE(certificate_sha256(first).value(), certificate_sha256(second).value());
}

TEST(X509, when_the_form_is_changed_then_the_certificate_stays_the_same) {
  const auto ca = make_ca("CPNS CA", 3650, kNow).value();
  const auto der = certificate_der(ca.certificate_pem).value();
  EXPECT_EQ(certificate_pem(der).value(), ca.certificate_pem);
  EXPECT_EQ(certificate_sha256(der).value(), certificate_sha256(ca.certificate_pem).value());
}

TEST(X509, when_the_key_is_weak_or_foreign_then_the_request_is_refused) {
  const auto ca = make_ca("CPNS CA", 3650, kNow).value();
  for (const auto& [key, accepted] : {std::pair{PkeyPtr(EVP_RSA_gen(3072)), true},
                                      {PkeyPtr(EVP_RSA_gen(2048)), false},
                                      {PkeyPtr(EVP_EC_gen("P-384")), false},
                                      {PkeyPtr(EVP_EC_gen("secp256k1")), false},
                                      {PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), true}}) {
    const auto issued = issue_gateway_certificate(ca, request_with(key), kGateway, 90, kNow);
    EXPECT_EQ(issued.ok(), accepted);
    EXPECT_TRUE(issued.ok() || issued.error().code == Code::csr_key_too_weak);
  }
}

TEST(X509, when_a_request_is_altered_or_cut_then_it_is_refused) {
  const auto ca = make_ca("CPNS CA", 3650, kNow).value();
  const auto whole = make_key_and_csr(kGateway).value().request_der;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(issue_gateway_certificate(ca, ByteView(whole).first(size), kGateway, 90, kNow).ok()) << size;
  }
  std::size_t wrong_signatures = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto altered = whole;
    altered[at] ^= 1U;
    const auto issued = issue_gateway_certificate(ca, altered, kGateway, 90, kNow);
    EXPECT_FALSE(issued.ok()) << at;
    if (!issued && issued.error().code == Code::csr_signature_wrong) ++wrong_signatures;
  }
  EXPECT_GT(wrong_signatures, 50U);
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(issue_gateway_certificate(ca, longer, kGateway, 90, kNow).ok());
}

TEST(X509, when_authority_and_key_do_not_fit_then_it_says_so) {
  auto ca = make_ca("CPNS CA", 3650, kNow).value();
  ca.private_key_pem = std::move(make_ca("Other CA", 3650, kNow).value().private_key_pem);
  const auto issued = make_server_certificate(ca, ids::ServerId::parse("a.example").value(), {}, 90, kNow);
  ASSERT_FALSE(issued.ok());
  EXPECT_EQ(issued.error().code, Code::certificate_authority_unusable);
}

TEST(X509, when_bytes_are_no_certificate_then_reading_fails) {
  EXPECT_FALSE(certificate_info({}).ok());
  EXPECT_FALSE(certificate_info(as_bytes("-----BEGIN CERTIFICATE-----")).ok());
  EXPECT_FALSE(certificate_info(Bytes{0x30, 0x82, 0xff, 0xff}).ok());
}

TEST(CertificateUri, when_identities_differ_then_their_uris_differ_and_decode_back) {
  const std::string all_kinds[] = {
      "sip:alice@ims.example.net", "tel:+41791234567", "a b", "a%20b", "a%2520b", "Zürich", "\"<>\\^`{|}", "名前"};
  std::vector<std::string> seen;
  for (const auto& text : all_kinds) {
    const auto uri = percent_encode(text);
    EXPECT_EQ(percent_decode(uri).value(), text);
    EXPECT_EQ(std::ranges::count(seen, uri), 0);
    seen.push_back(uri);
  }
  EXPECT_EQ(percent_encode(all_kinds[0]), all_kinds[0]);
  EXPECT_EQ(percent_encode("ü"), "%C3%BC");
}

TEST(CertificateUri, when_a_uri_is_not_canonical_then_it_is_refused) {
  for (const char* uri : {"%", "%4", "%zz", "%c3%bc", "%61", "a b", "\xc3\xbc"}) {
    EXPECT_FALSE(percent_decode(uri).ok()) << uri;
  }
  EXPECT_FALSE(pn_gw_id_of({}).ok());
  EXPECT_FALSE(pn_gw_id_of({"sip:a", "sip:b"}).ok());
  EXPECT_FALSE(pn_gw_id_of({"sip:%0A"}).ok());
}

TEST(ServerName, when_server_id_has_a_form_then_its_kind_follows) {
  EXPECT_EQ(server_name("cpns.example.net").kind, ServerNameKind::Dns);
  EXPECT_EQ(server_name("192.0.2.1").kind, ServerNameKind::Ip);
  EXPECT_EQ(server_name("2001:db8::1").kind, ServerNameKind::Ip);
  EXPECT_EQ(server_name("*.example.net").kind, ServerNameKind::Uri);
  EXPECT_EQ(server_name("-bad.example").kind, ServerNameKind::Uri);
  EXPECT_EQ(server_name("a server").text, "cpns:a%20server");
}

}  // namespace
}  // namespace cpns::tls
