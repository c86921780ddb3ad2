// What can only be seen or caused inside OpenSSL: keys that must be gone, and updates of traffic keys.

#include "tls/openssl_engine.hpp"

#include <algorithm>

#include "engine_pair.hpp"
#include "tls/profile.hpp"

namespace cpns::tls::test {
namespace {

// A pair whose SSL objects stay visible.
struct VisiblePair {
  explicit VisiblePair(const std::vector<std::string>& alpn = {"cpns/1"}) {
    pair.client = make(Rules::Role::PskClient, alpn, PskOffer{"cm-test", psk_of(0x5a), alpn}, client_ssl);
    pair.server = make(Rules::Role::PskServer, alpn, std::nullopt, server_ssl);
    pair.answer = [](const std::string&) { return std::optional(psk_of(0x5a)); };
  }
  static std::unique_ptr<Engine> make(Rules::Role role, const std::vector<std::string>& alpn,
                                      std::optional<PskOffer> offer, SSL*& visible) {
    auto rules = std::make_shared<Rules>(Rules{.role = role, .alpn = alpn});
    const auto context = make_context(*rules, false).value();
    SslPtr ssl(SSL_new(context.get()));
    visible = ssl.get();
    return std::make_unique<OpenSslEngine>(std::move(ssl), rules, std::move(offer));
  }
  Pair pair;
  SSL* client_ssl = nullptr;
  SSL* server_ssl = nullptr;
};

Bytes master_key(const SSL* ssl) {
  Bytes key(64);
  key.resize(SSL_SESSION_get_master_key(SSL_get_session(ssl), key.data(), key.size()));
  return key;
}

TEST(OpenSslEngine, when_the_handshake_is_over_then_the_session_no_longer_holds_the_psk) {
  VisiblePair visible;
  visible.pair.run();
  ASSERT_TRUE(visible.pair.open());
  EXPECT_EQ(master_key(visible.client_ssl), Bytes(32, 0));
  EXPECT_EQ(master_key(visible.server_ssl), Bytes(32, 0));
}

TEST(OpenSslEngine, when_the_peer_updates_its_keys_then_both_directions_go_on) {
  VisiblePair visible;
  auto& client = visible.pair.client;
  auto& server = visible.pair.server;
  visible.pair.run();
  ASSERT_TRUE(visible.pair.open());
  ASSERT_EQ(SSL_key_update(visible.client_ssl, SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_TRUE(client->write(as_bytes("after the update")).ok());
  visible.pair.move_bytes(true);
  EXPECT_EQ(read_all(*server).value(), "after the update");
  ASSERT_TRUE(server->write(as_bytes("under new keys")).ok());
  visible.pair.move_bytes(false);
  EXPECT_EQ(read_all(*client).value(), "under new keys");
}

TEST(OpenSslEngine, when_open_then_no_ticket_has_been_sent) {
  VisiblePair visible;
  visible.pair.run();
  ASSERT_TRUE(visible.pair.open());
  EXPECT_TRUE(take_all(*visible.pair.server).empty());
  EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get_session(visible.client_ssl)), 0);
}

}  // namespace
}  // namespace cpns::tls::test
