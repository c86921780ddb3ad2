#include <gtest/gtest.h>

#include "gateway/enroll.hpp"
#include "runtime/clock.hpp"
#include "tls/x509.hpp"

namespace cpns::gateway {
namespace {

class CheckChain : public testing::Test {
 protected:
  static ids::PnGwId alice() { return *ids::PnGwId::parse("sip:alice@ims.example.net"); }
  static ids::PnGwId bob() { return *ids::PnGwId::parse("sip:bob@ims.example.net"); }
  std::vector<Bytes> chain_for(const tls::Identity& authority, const ids::PnGwId& id, ByteView request) {
    const auto own = *tls::issue_gateway_certificate(authority, request, id, 30, now);
    return {*tls::certificate_der(own), *tls::certificate_der(authority.certificate_pem)};
  }
  void expect_refused(const std::vector<Bytes>& chain, ByteView key) {
    const auto checked = check_chain(chain, key, alice(), now);
    ASSERT_FALSE(checked.ok());
    EXPECT_EQ(checked.error().code, Code::enrolment_reply_unusable) << to_text(checked.error());
  }

  ids::UnixTime now = runtime::now();
  tls::Identity ca = *tls::make_ca("one", 30, now);
  tls::Identity other_ca = *tls::make_ca("two", 30, now);
  tls::KeyAndRequest mine = *tls::make_key_and_csr(alice());
  tls::KeyAndRequest foreign = *tls::make_key_and_csr(alice());
};

TEST_F(CheckChain, when_all_belongs_together_then_it_is_taken) {
  const auto checked = check_chain(chain_for(ca, alice(), mine.request_der), mine.private_key_pem.view(), alice(), now);
  ASSERT_TRUE(checked.ok()) << to_text(checked.error());
  EXPECT_TRUE(as_text(checked->chain_pem).starts_with("-----BEGIN CERTIFICATE-----"));
  EXPECT_EQ(checked->ca_pem, *tls::certificate_pem(ca.certificate_pem));
}

TEST_F(CheckChain, when_the_certificate_is_for_another_key_then_refused) {
  expect_refused(chain_for(ca, alice(), foreign.request_der), mine.private_key_pem.view());
}

TEST_F(CheckChain, when_the_certificate_names_another_gateway_then_refused) {
  expect_refused(chain_for(ca, bob(), mine.request_der), mine.private_key_pem.view());
}

TEST_F(CheckChain, when_the_authority_is_another_then_refused) {
  auto chain = chain_for(ca, alice(), mine.request_der);
  chain.back() = *tls::certificate_der(other_ca.certificate_pem);
  expect_refused(chain, mine.private_key_pem.view());
}

TEST_F(CheckChain, when_it_is_not_a_clients_certificate_then_refused) {
  const auto server = *tls::make_server_certificate(ca, *ids::ServerId::parse("x.example.net"), {}, 30, now);
  expect_refused({*tls::certificate_der(server.certificate_pem), *tls::certificate_der(ca.certificate_pem)},
                 server.private_key_pem.view());
}

TEST_F(CheckChain, when_certificates_are_missing_or_broken_then_refused) {
  const auto chain = chain_for(ca, alice(), mine.request_der);
  expect_refused({}, mine.private_key_pem.view());
  expect_refused({chain.front()}, mine.private_key_pem.view());
  expect_refused({chain.front(), Bytes(100, 0x30)}, mine.private_key_pem.view());
  auto longer = chain;
  longer.front().push_back(0);
  expect_refused(longer, mine.private_key_pem.view());
  for (std::size_t at = 10; at < chain.front().size(); at += 37) {
    auto altered = chain;
    altered.front()[at] ^= 1U;
    expect_refused(altered, mine.private_key_pem.view());
  }
}

TEST_F(CheckChain, when_it_has_expired_then_refused) {
  const auto chain = chain_for(ca, alice(), mine.request_der);
  const auto late = check_chain(chain, mine.private_key_pem.view(), alice(), now + std::chrono::hours(24 * 40));
  EXPECT_FALSE(late.ok());
}

}  // namespace
}  // namespace cpns::gateway
