// What our own engine does beside OpenSSL at the other end, where the other end has to be bent for it.

#include <algorithm>

#include "engine_pair.hpp"
#include "tls/openssl_engine.hpp"
#include "tls/profile.hpp"
#include "tls/psk13/engine.hpp"

namespace cpns::tls::test {
namespace {

/// One end of ours, and OpenSSL's with its SSL object in sight.
struct Beside {
  explicit Beside(
      bool our_server, const std::function<void(SSL_CTX*)>& tune = [](SSL_CTX*) {}) {
    auto rules = std::make_shared<Rules>(
        Rules{.role = our_server ? Rules::Role::PskClient : Rules::Role::PskServer, .alpn = {"cpns/1"}});
    const auto context = make_context(*rules, true).value();
    tune(context.get());
    SslPtr made(SSL_new(context.get()));
    ssl = made.get();
    std::optional<PskOffer> offer;
    if (our_server) offer.emplace(PskOffer{"cm-test", psk_of(1), {"cpns/1"}});
    auto theirs = std::make_unique<OpenSslEngine>(std::move(made), rules, std::move(offer));
    pair = psk_pair({"cpns/1"}, {.alpn = {"cpns/1"}}, 1, {EngineKind::Psk13, EngineKind::Psk13});
    (our_server ? pair.client : pair.server) = std::move(theirs);
    pair.run();
  }
  Engine& ours(bool our_server) { return our_server ? *pair.server : *pair.client; }
  Engine& theirs(bool our_server) { return our_server ? *pair.client : *pair.server; }

  Pair pair;
  SSL* ssl = nullptr;
};

class Psk13 : public testing::TestWithParam<bool> {};

TEST_P(Psk13, when_the_peer_asks_for_new_keys_then_both_directions_go_on) {
  const bool our_server = GetParam();
  Beside beside(our_server);
  ASSERT_TRUE(beside.pair.open());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(SSL_key_update(beside.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_TRUE(beside.theirs(our_server).write(as_bytes("after the update")).ok());
    beside.pair.move_bytes(our_server);
    EXPECT_EQ(read_all(beside.ours(our_server)).value(), "after the update");
    ASSERT_TRUE(beside.ours(our_server).write(as_bytes("under new keys")).ok());
    beside.pair.move_bytes(!our_server);
    EXPECT_EQ(read_all(beside.theirs(our_server)).value(), "under new keys");
  }
}

TEST_P(Psk13, when_the_peer_only_changes_keys_then_it_is_refused_whether_it_asks_for_ours_or_not) {
  const bool our_server = GetParam();
  for (const int kind : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    Beside beside(our_server);
    ASSERT_TRUE(beside.pair.open());
    for (int i = 0; i < 40; ++i) {
      ASSERT_EQ(SSL_key_update(beside.ssl, kind), 1);
      ASSERT_EQ(SSL_do_handshake(beside.ssl), 1);
      beside.pair.move_bytes(our_server);
    }
    const auto read = read_all(beside.ours(our_server));
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, Code::tls_key_update_flood);
  }
}

TEST_P(Psk13, when_exporters_are_asked_then_both_ends_agree) {
  Beside beside(GetParam());
  const auto a = beside.pair.client->exporter("EXPORTER-CPNS-DKA-renewal", 32);
  const auto b = beside.pair.server->exporter("EXPORTER-CPNS-DKA-renewal", 32);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_TRUE(std::ranges::equal(a->view(), b->view()));
}

TEST_P(Psk13, when_libssl_is_asked_then_the_handshake_is_what_the_profile_says) {
  Beside beside(GetParam());
  ASSERT_TRUE(beside.pair.open());
  EXPECT_EQ(SSL_version(beside.ssl), TLS1_3_VERSION);
  EXPECT_EQ(SSL_session_reused(beside.ssl), 1) << "by the PSK";
  EXPECT_EQ(SSL_get_negotiated_group(beside.ssl), NID_X25519);
}

INSTANTIATE_TEST_SUITE_P(Ends, Psk13, testing::Bool(), [](const auto& end) {
  return end.param ? std::string("our_server") : std::string("our_client");
});

TEST(Psk13Client, when_the_server_knows_p256_alone_then_it_asks_again_and_gets_it) {
  Beside beside(false, [](SSL_CTX* context) { SSL_CTX_set1_groups_list(context, "P-256"); });
  ASSERT_TRUE(beside.pair.open()) << to_text(beside.pair.client_error.value_or(Error{Code::tls_misused}));
  EXPECT_EQ(SSL_get_negotiated_group(beside.ssl), NID_X9_62_prime256v1);
  EXPECT_EQ(beside.pair.from_server.front()[5], 2) << "HelloRetryRequest is a ServerHello";
  EXPECT_GE(beside.pair.from_server.size(), 2U);
}

TEST(Psk13Client, when_it_offers_an_imported_identity_too_then_our_server_takes_it_and_openssl_the_plain_one) {
  for (const auto server : {EngineKind::Psk13, EngineKind::OpenSsl}) {
    const bool ours = server == EngineKind::Psk13;
    auto pair = psk_pair({"cpns/1"}, {.alpn = {"cpns/1"}}, 1, {EngineKind::Psk13, server});
    pair.client = psk13::make_client({"cm-test", psk_of(1), {"cpns/1"}}, true);
    std::uint8_t selected = 0xff;
    pair.tamper = [&](bool from_client, Bytes& bytes) {
      // pre_shared_key in ServerHello: type 41, two bytes, the place that was selected.
      const Bytes extension{0x00, 0x29, 0x00, 0x02, 0x00};
      const auto at = std::search(bytes.begin(), bytes.end(), extension.begin(), extension.end());
      if (!from_client && selected == 0xff && at != bytes.end()) selected = at[5];
    };
    pair.run();
    ASSERT_TRUE(pair.open()) << to_text(pair.server_error.value_or(Error{Code::tls_misused}));
    EXPECT_EQ(selected, ours ? 1 : 0);
    EXPECT_EQ(pair.asked, std::vector<std::string>{"cm-test"}) << "the store is asked for the external identity";
    EXPECT_EQ(pair.server->peer().psk_identity, "cm-test");
  }
}

TEST(Psk13Client, when_the_key_is_wrong_then_the_imported_identity_opens_nothing_either) {
  auto pair = psk_pair({"cpns/1"}, {.alpn = {"cpns/1"}}, 1, {EngineKind::Psk13, EngineKind::Psk13});
  pair.client = psk13::make_client({"cm-test", psk_of(2), {"cpns/1"}}, true);
  pair.run();
  ASSERT_TRUE(pair.server_error);
  EXPECT_EQ(pair.server_error->code, Code::tls_psk_refused);
}

TEST(Psk13Client, when_the_server_hands_out_tickets_then_they_are_passed_over) {
  Beside beside(false, [](SSL_CTX* context) {
    SSL_CTX_clear_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 2);
  });
  ASSERT_TRUE(beside.pair.open());
  ASSERT_EQ(SSL_new_session_ticket(beside.ssl), 1);
  ASSERT_TRUE(beside.pair.server->write(as_bytes("after a ticket")).ok());
  beside.pair.move_bytes(false);
  EXPECT_EQ(read_all(*beside.pair.client).value(), "after a ticket");
}

TEST(Psk13Client, when_the_server_sends_nothing_but_tickets_then_it_ends) {
  Beside beside(false, [](SSL_CTX* context) { SSL_CTX_clear_options(context, SSL_OP_NO_TICKET); });
  ASSERT_TRUE(beside.pair.open());
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(SSL_new_session_ticket(beside.ssl), 1);
    ASSERT_EQ(SSL_do_handshake(beside.ssl), 1);
    beside.pair.move_bytes(false);
  }
  const auto read = read_all(*beside.pair.client);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::tls_out_of_order);
}

TEST(Psk13Server, when_the_peer_prefers_p256_then_it_is_taken_where_allowed_without_another_round) {
  auto rules = std::make_shared<Rules>(Rules{.role = Rules::Role::PskClient, .alpn = {"cpns/1"}});
  const auto context = make_context(*rules, true).value();
  SSL_CTX_set1_groups_list(context.get(), "P-256:X25519");
  for (const bool allowed : {false, true}) {
    auto pair =
        psk_pair({"cpns/1"}, {.alpn = {"cpns/1"}, .allow_p256 = allowed}, 1, {EngineKind::OpenSsl, EngineKind::Psk13});
    SslPtr made(SSL_new(context.get()));
    auto* ssl = made.get();
    pair.client = std::make_unique<OpenSslEngine>(std::move(made), rules, PskOffer{"cm-test", psk_of(1), {"cpns/1"}});
    pair.run();
    ASSERT_TRUE(pair.open());
    EXPECT_EQ(pair.from_server.size(), allowed ? 1U : 2U);
    EXPECT_EQ(SSL_get_negotiated_group(ssl), allowed ? NID_X9_62_prime256v1 : NID_X25519);
  }
}

}  // namespace
}  // namespace cpns::tls::test
