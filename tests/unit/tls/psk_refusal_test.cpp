// Clients that ask for something else than protocol.md section 4 allows.

#include <algorithm>

#include "engine_pair.hpp"
#include "tls/profile.hpp"

namespace cpns::tls::test {
namespace {

using Tune = std::function<void(SSL_CTX*)>;

class PskRefusal : public WithEngines {
 protected:
  static Pair bent_pair(const Tune& tune, PskServerProfile profile = {.alpn = {"cpns/1"}});
};

// A client of the PSK profile, on OpenSSL, whose context a test has bent.
Pair PskRefusal::bent_pair(const Tune& tune, PskServerProfile profile) {
  auto pair = psk_pair({"cpns/1"}, std::move(profile));
  auto rules = std::make_shared<Rules>(Rules{.role = Rules::Role::PskClient, .alpn = {"cpns/1"}});
  auto context = make_context(*rules, true);
  EXPECT_TRUE(context.ok());
  tune(context->get());
  auto client = make_engine(context->get(), rules, {}, PskOffer{"cm-test", psk_of(1), {"cpns/1"}});
  EXPECT_TRUE(client.ok());
  pair.client = std::move(client).value();
  return pair;
}

// Replaces one run of bytes in the ClientHello by another of the same length.
void replace(Bytes& bytes, const Bytes& from, const Bytes& to) {
  const auto at = std::search(bytes.begin(), bytes.end(), from.begin(), from.end());
  ASSERT_NE(at, bytes.end());
  std::copy(to.begin(), to.end(), at);
}

void expect_refused(const Pair& pair, Code code, const std::string& alert) {
  ASSERT_TRUE(pair.server_error);
  EXPECT_EQ(pair.server_error->code, code) << to_text(*pair.server_error);
  EXPECT_EQ(pair.server->state(), EngineState::Failed);
  ASSERT_TRUE(pair.client_error);
  EXPECT_EQ(pair.client_error->code, Code::tls_peer_alert);
  EXPECT_EQ(pair.client_error->got, alert);
}

TEST_P(PskRefusal, when_the_client_offers_psk_ke_alone_then_no_key_is_looked_up) {
  auto pair = psk_pair();
  pair.tamper = [](bool from_client, Bytes& bytes) {
    if (from_client) replace(bytes, {0x00, 0x2d, 0x00, 0x02, 0x01, 0x01}, {0x00, 0x2d, 0x00, 0x02, 0x01, 0x00});
  };
  pair.run();
  expect_refused(pair, Code::tls_psk_mode_refused, "handshake failure");
  EXPECT_TRUE(pair.asked.empty());
}

TEST_P(PskRefusal, when_the_client_offers_both_modes_then_an_ephemeral_key_is_used) {
  auto pair = bent_pair([](SSL_CTX* c) { SSL_CTX_set_options(c, SSL_OP_ALLOW_NO_DHE_KEX); });
  bool offered_both = false;
  bool server_sent_key_share = false;
  pair.tamper = [&](bool from_client, Bytes& bytes) {
    const Bytes both{0x00, 0x2d, 0x00, 0x03, 0x02, 0x01, 0x00};
    const Bytes x25519_share{0x00, 0x33, 0x00, 0x24, 0x00, 0x1d, 0x00, 0x20};
    const auto holds = [&](const Bytes& what) {
      return std::search(bytes.begin(), bytes.end(), what.begin(), what.end()) != bytes.end();
    };
    if (from_client) offered_both = offered_both || holds(both);
    if (!from_client) server_sent_key_share = server_sent_key_share || holds(x25519_share);
  };
  pair.run();
  EXPECT_TRUE(pair.open());
  EXPECT_TRUE(offered_both);
  EXPECT_TRUE(server_sent_key_share);
}

TEST_P(PskRefusal, when_the_client_speaks_tls12_then_the_version_is_refused) {
  auto pair = bent_pair([](SSL_CTX* c) {
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
  });
  pair.run();
  expect_refused(pair, Code::tls_version_too_old, "protocol version");
}

TEST_P(PskRefusal, when_the_client_has_no_psk_then_it_is_refused) {
  auto pair = bent_pair([](SSL_CTX* c) { SSL_CTX_set_psk_use_session_callback(c, nullptr); });
  pair.run();
  expect_refused(pair, Code::tls_psk_missing, "handshake failure");
}

TEST_P(PskRefusal, when_the_client_offers_another_suite_alone_then_it_is_refused) {
  auto pair = bent_pair([](SSL_CTX* c) { SSL_CTX_set_ciphersuites(c, "TLS_AES_256_GCM_SHA384"); });
  pair.run();
  expect_refused(pair, Code::tls_no_common_cipher_suite, "handshake failure");
}

TEST_P(PskRefusal, when_the_client_offers_chacha20_alone_then_it_is_taken) {
  auto pair = bent_pair([](SSL_CTX* c) { SSL_CTX_set_ciphersuites(c, "TLS_CHACHA20_POLY1305_SHA256"); });
  pair.run();
  EXPECT_TRUE(pair.open());
}

TEST_P(PskRefusal, when_the_client_knows_p256_alone_then_the_profile_decides) {
  const Tune p256 = [](SSL_CTX* c) { SSL_CTX_set1_groups_list(c, "P-256"); };
  auto refused = bent_pair(p256);
  refused.run();
  expect_refused(refused, Code::tls_no_common_group, "handshake failure");

  auto allowed = bent_pair(p256, {.alpn = {"cpns/1"}, .allow_p256 = true});
  allowed.run();
  EXPECT_TRUE(allowed.open());
}

TEST_P(PskRefusal, when_a_retry_is_needed_then_the_key_is_asked_for_once) {
  auto pair = bent_pair([](SSL_CTX* c) { SSL_CTX_set1_groups_list(c, "P-256:X25519"); });
  pair.run();
  EXPECT_TRUE(pair.open());
  EXPECT_EQ(pair.asked, std::vector<std::string>{"cm-test"});
  EXPECT_EQ(pair.from_server.size(), 2U);  // HelloRetryRequest, then ServerHello
}

TEST_P(PskRefusal, when_the_identity_changes_after_a_retry_then_it_is_refused) {
  auto pair = bent_pair([](SSL_CTX* c) { SSL_CTX_set1_groups_list(c, "P-256:X25519"); });
  int flights = 0;
  pair.tamper = [&](bool from_client, Bytes& bytes) {
    if (from_client && ++flights == 2) replace(bytes, Bytes{'c', 'm', '-', 't'}, Bytes{'c', 'm', '-', 'u'});
  };
  pair.run();
  expect_refused(pair, Code::tls_psk_identity_changed, "illegal parameter");
  EXPECT_LE(pair.asked.size(), 1U) << "our own engine asks for the key when both have come";
}

TEST_P(PskRefusal, when_the_protocols_change_after_a_retry_then_it_is_refused) {
  auto pair = bent_pair([](SSL_CTX* c) { SSL_CTX_set1_groups_list(c, "P-256:X25519"); });
  int flights = 0;
  pair.tamper = [&](bool from_client, Bytes& bytes) {
    if (from_client && ++flights == 2) replace(bytes, Bytes{'c', 'p', 'n', 's', '/'}, Bytes{'h', 't', 't', 'p', '/'});
  };
  pair.run();
  expect_refused(pair, Code::tls_alpn_refused, "illegal parameter");
}

TEST_P(PskRefusal, when_the_server_shows_a_certificate_instead_then_the_client_does_not_open) {
  // A server that finds no key for the identity, as one would that knows nothing of it.
  auto pair = psk_pair();
  pair.answer = [](const std::string&) { return std::nullopt; };
  pair.run();
  EXPECT_EQ(pair.client->state(), EngineState::Failed);
  EXPECT_EQ(pair.server->state(), EngineState::Failed);
  ASSERT_TRUE(pair.server_error);
  EXPECT_EQ(pair.server_error->code, Code::tls_psk_missing);
}

TEST_P(PskRefusal, when_the_server_chooses_no_protocol_then_the_client_refuses_it) {
  auto pair = psk_pair({"cpns/1"}, {.alpn = {"cpns/1"}, .allow_client_without_alpn = true});
  // The client asks for cpns/1, but its ALPN extension is hidden from the server under an unknown number.
  pair.tamper = [](bool from_client, Bytes& bytes) {
    if (!from_client) return;
    const Bytes alpn{0x00, 0x10, 0x00, 0x09, 0x00, 0x07, 0x06};
    const auto at = std::search(bytes.begin(), bytes.end(), alpn.begin(), alpn.end());
    if (at != bytes.end()) at[0] = 0x7a;
  };
  pair.run();
  EXPECT_FALSE(pair.open());  // the binder covers the ClientHello
}

TEST_P(PskRefusal, when_something_else_than_tls_comes_then_it_is_refused) {
  for (const std::string_view text :
       {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\x80\x2e\x01\x03\x01"}) {
    auto pair = psk_pair();
    Bytes junk(as_bytes(text).begin(), as_bytes(text).end());
    junk.resize(20'000, 0xff);
    const auto refused = pair.server->feed(junk);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().error_class(), MessageClass::Peer);
    EXPECT_EQ(pair.server->state(), EngineState::Failed);
    EXPECT_FALSE(pair.server->feed(junk).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, PskRefusal, all_kinds(), name_of);

}  // namespace
}  // namespace cpns::tls::test
