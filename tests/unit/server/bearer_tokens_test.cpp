#include "server/bearer_tokens.hpp"

#include <gtest/gtest.h>

#include "core/crypto/crypto.hpp"
#include "runtime/system_random.hpp"

namespace cpns::server {
namespace {

ids::UnixTime at(std::int64_t seconds) { return ids::UnixTime(std::chrono::seconds(seconds)); }

class BearerTokensTest : public testing::Test {
 protected:
  struct Held {
    assign::BearerGrant grant;
    secret::TlsPsk psk;  ///< as the gateway derives it
    [[nodiscard]] std::string identity() const { return "bearer-" + grant.token_id.hex(); }
  };
  Held ask(const ids::PnGwId& user, std::int64_t now) {
    const auto keys = crypto::x25519_generate(random_);
    auto grant = tokens_.grant(server_id_, user, keys.share, endpoint_, at(now));
    EXPECT_TRUE(grant.ok());
    const auto x = crypto::x25519(keys.private_key, grant->server_share);
    auto psk = assign::derive_bearer_psk(*x, {grant->token_id, grant->server_share, keys.share, server_id_, user});
    return {std::move(*grant), std::move(psk)};
  }
  bool opens(const Held& held, std::int64_t now) {
    const auto key = tokens_.look_up(held.identity(), at(now));
    return key && key->equals(held.psk);
  }

  runtime::SystemRandom random_;
  crypto::PortableKeyExchange key_exchange_;
  BearerTokens tokens_{key_exchange_, random_};
  ids::ServerId server_id_ = *ids::ServerId::parse("cpns.test");
  ids::PnGwId alice_ = *ids::PnGwId::parse("sip:alice@ims.test");
  ids::PnGwId bob_ = *ids::PnGwId::parse("sip:bob@ims.test");
  ids::Endpoint endpoint_ = *ids::Endpoint::parse("cpns.test:7440");
};

TEST_F(BearerTokensTest, when_a_token_is_given_then_both_ends_have_its_key_and_the_server_knows_whose_it_is) {
  const auto held = ask(alice_, 1000);
  EXPECT_TRUE(opens(held, 1001));
  EXPECT_EQ(*tokens_.owner(held.identity(), at(1001)), alice_);
  EXPECT_EQ(held.grant.expires_at, at(1000) + BearerTokens::kLifetime);
}

TEST_F(BearerTokensTest, when_its_time_is_over_then_it_opens_nothing_and_has_no_owner) {
  const auto held = ask(alice_, 1000);
  EXPECT_FALSE(opens(held, 1300));
  EXPECT_TRUE(tokens_.look_up(held.identity(), at(1300))) << "answered like any wrong key";
  EXPECT_EQ(tokens_.owner(held.identity(), at(1300)).error().code, Code::bearer_token_refused);
}

TEST_F(BearerTokensTest, when_the_registration_ends_then_so_do_the_user_s_tokens_and_nobody_else_s) {
  const auto mine = ask(alice_, 1000);
  const auto other = ask(bob_, 1000);
  EXPECT_TRUE(tokens_.end(alice_));
  EXPECT_FALSE(tokens_.end(alice_));
  EXPECT_FALSE(opens(mine, 1001));
  EXPECT_TRUE(opens(other, 1001));
  EXPECT_EQ(tokens_.size(), 1u);
}

TEST_F(BearerTokensTest, when_a_user_asks_too_often_then_his_oldest_ends) {
  const auto first = ask(alice_, 1000);
  const auto second = ask(alice_, 1000);
  for (std::size_t i = 2; i <= BearerTokens::kMostOfUser; ++i) (void)ask(alice_, 1000);
  EXPECT_FALSE(opens(first, 1001));
  EXPECT_TRUE(opens(second, 1001));
  EXPECT_EQ(tokens_.size(), BearerTokens::kMostOfUser);
}

TEST_F(BearerTokensTest, when_the_last_of_a_user_has_ended_then_the_sweep_names_him_once) {
  (void)ask(alice_, 1000);
  (void)ask(alice_, 1200);
  (void)ask(bob_, 1000);
  EXPECT_EQ(tokens_.sweep(at(1299)), std::vector<ids::PnGwId>{});
  EXPECT_EQ(tokens_.sweep(at(1300)), std::vector<ids::PnGwId>{bob_});
  EXPECT_EQ(tokens_.sweep(at(1500)), std::vector<ids::PnGwId>{alice_});
  EXPECT_EQ(tokens_.sweep(at(1600)), std::vector<ids::PnGwId>{});
  EXPECT_EQ(tokens_.size(), 0u);
}

TEST_F(BearerTokensTest, when_an_identity_is_no_bearer_s_then_it_is_left_to_others) {
  EXPECT_FALSE(tokens_.look_up("enroll-0011223344556677", at(1)));
  EXPECT_FALSE(tokens_.look_up("bearer-0011", at(1)));
  EXPECT_FALSE(tokens_.look_up("bearer-" + std::string(32, 'x'), at(1)));
  EXPECT_TRUE(tokens_.look_up("bearer-" + std::string(32, '0'), at(1)));
}

TEST_F(BearerTokensTest, when_the_share_has_small_order_then_nothing_is_given) {
  EXPECT_EQ(tokens_.grant(server_id_, alice_, {}, endpoint_, at(1)).error().code, Code::x25519_result_is_zero);
  EXPECT_EQ(tokens_.size(), 0u);
}

TEST_F(BearerTokensTest, when_any_part_of_the_binding_differs_then_the_key_does) {
  const auto keys = crypto::x25519_generate(random_);
  const auto x = *crypto::x25519(keys.private_key, crypto::x25519_generate(random_).share);
  const assign::BearerTokenId id(random_.bytes<16>());
  const assign::BearerTokenId other_id(random_.bytes<16>());
  const auto one = random_.bytes<32>();
  const auto two = random_.bytes<32>();
  const auto other_server = *ids::ServerId::parse("other.test");
  const auto key = assign::derive_bearer_psk(x, {id, one, two, server_id_, alice_});
  EXPECT_TRUE(key.equals(assign::derive_bearer_psk(x, {id, one, two, server_id_, alice_})));
  EXPECT_FALSE(key.equals(assign::derive_bearer_psk(x, {other_id, one, two, server_id_, alice_})));
  EXPECT_FALSE(key.equals(assign::derive_bearer_psk(x, {id, two, one, server_id_, alice_})));
  EXPECT_FALSE(key.equals(assign::derive_bearer_psk(x, {id, one, two, other_server, alice_})));
  EXPECT_FALSE(key.equals(assign::derive_bearer_psk(x, {id, one, two, server_id_, bob_})));
}

}  // namespace
}  // namespace cpns::server
