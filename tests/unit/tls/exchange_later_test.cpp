// A server of psk13 whose exchanges somebody else makes.
#include "engine_pair.hpp"

namespace cpns::tls::test {
namespace {

constexpr Kinds kLater{EngineKind::OpenSsl, EngineKind::Psk13, true};

Pair pair_waiting(std::uint8_t key = 1) {
  auto pair = psk_pair({"cpns/1"}, {.alpn = {"cpns/1"}}, 1, kLater);
  EXPECT_TRUE(pair.client->start().ok());
  pair.move_bytes(true);
  (void)pair.server->provide_key(psk_of(key));
  return pair;
}

TEST(ExchangeLater, when_the_key_is_right_then_one_exchange_is_asked_for) {
  auto pair = pair_waiting();
  EXPECT_EQ(pair.server->state(), EngineState::WaitingForExchange);
  EXPECT_NE(pair.server->exchange_request(), x25519::Share{});
  EXPECT_TRUE(take_all(*pair.server).empty()) << "nothing is said before it is there";
  pair.run();
  EXPECT_TRUE(pair.open());
  EXPECT_EQ(pair.exchanges, 1);
}

TEST(ExchangeLater, when_the_key_is_wrong_then_no_exchange_is_asked_for) {
  auto pair = pair_waiting(2);
  EXPECT_EQ(pair.server->state(), EngineState::Failed);
  EXPECT_EQ(pair.server->exchange_request(), x25519::Share{});
}

TEST(ExchangeLater, when_the_exchange_gives_zeros_then_it_is_an_illegal_parameter) {
  auto pair = pair_waiting();
  const auto given = pair.server->provide_exchange({});  // RFC 8446 section 7.4.2
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::tls_handshake_malformed);
  pair.move_bytes(false);
  ASSERT_TRUE(pair.client_error);
  EXPECT_EQ(pair.client_error->got, "illegal parameter");
}

TEST(ExchangeLater, when_the_secret_is_of_another_exchange_then_nothing_opens) {
  auto pair = pair_waiting();
  x25519::Exchanged other;
  const x25519::Share theirs{9};
  x25519::exchange({&theirs, 1}, {&other, 1}, pair.keys, x25519::Way::Portable);
  ASSERT_TRUE(pair.server->provide_exchange(std::move(other)).ok());
  pair.run();
  EXPECT_FALSE(pair.open());
}

TEST(ExchangeLater, when_an_exchange_was_not_asked_for_then_it_is_refused_and_nothing_changes) {
  auto pair = psk_pair({"cpns/1"}, {.alpn = {"cpns/1"}}, 1, kLater);
  EXPECT_EQ(pair.server->provide_exchange({}).error().code, Code::tls_misused);
  pair.run();
  ASSERT_TRUE(pair.open());
  EXPECT_EQ(pair.server->provide_exchange({}).error().code, Code::tls_misused);
  EXPECT_EQ(pair.client->provide_exchange({}).error().code, Code::tls_misused);
  EXPECT_TRUE(pair.open());
}

TEST(ExchangeLater, when_the_client_goes_on_while_it_is_waited_for_then_its_bytes_are_kept_up_to_a_limit) {
  auto pair = pair_waiting();
  EXPECT_TRUE(pair.server->feed(Bytes{20, 3, 3, 0, 1, 1}).ok());  // a compatibility CCS (appendix D.4)
  EXPECT_EQ(pair.server->state(), EngineState::WaitingForExchange);
  pair.run();
  EXPECT_TRUE(pair.open());

  auto flooded = pair_waiting();
  const auto fed = flooded.server->feed(Bytes(std::size_t{200} * 1024));
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Code::tls_too_much_before_open);
}

TEST(ExchangeLater, when_the_engine_is_openssl_then_it_asks_for_none) {
  auto pair = psk_pair({"cpns/1"}, {.alpn = {"cpns/1"}}, 1, {EngineKind::OpenSsl, EngineKind::OpenSsl, true});
  pair.run();
  EXPECT_TRUE(pair.open());
  EXPECT_EQ(pair.exchanges, 0);
}

}  // namespace
}  // namespace cpns::tls::test
