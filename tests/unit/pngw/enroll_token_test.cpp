#include "pngw/enroll_token.hpp"

#include <gtest/gtest.h>

namespace cpns::pngw {
namespace {

EnrollToken sample() {
  auto secret = secret::EnrollSecret::make([](auto to) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::uint8_t>(0xa0 + i);
  });
  return {store::TokenId({1, 2, 3, 4, 5, 6, 7, 8}),  std::move(secret),
          *ids::ServerId::parse("cpns.example.net"), *ids::PnGwId::parse("sip:alice@ims.example.net"),
          *ids::Endpoint::parse("[::1]:4433"),       ids::UnixTime(std::chrono::seconds(1800000000))};
}

TEST(EnrollToken, round_trip_keeps_every_field) {
  const auto token = sample();
  const auto text = encode_enroll_token(token);
  EXPECT_TRUE(text.starts_with("cpns-enroll-"));
  const auto parsed = parse_enroll_token(" " + text + "\r\n");
  ASSERT_TRUE(parsed.ok()) << to_text(parsed.error());
  EXPECT_EQ(parsed->token_id, token.token_id);
  EXPECT_TRUE(parsed->secret.equals(token.secret));
  EXPECT_EQ(parsed->server_id, token.server_id);
  EXPECT_EQ(parsed->pn_gw_id, token.pn_gw_id);
  EXPECT_EQ(parsed->endpoint, token.endpoint);
  EXPECT_EQ(parsed->expires_at, token.expires_at);
}

TEST(EnrollToken, when_cut_anywhere_then_refused) {
  const auto text = encode_enroll_token(sample());
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_FALSE(parse_enroll_token(std::string_view(text).substr(0, n)).ok()) << n;
  }
}

TEST(EnrollToken, when_it_is_something_else_then_refused) {
  for (const auto* text : {"", " ", "cpns-enroll-", "CPNS1-AAAA", "cpns-enroll-????", "cpns-enroll-AAAA"}) {
    const auto parsed = parse_enroll_token(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, Code::enroll_token_malformed) << text;
  }
  EXPECT_FALSE(parse_enroll_token("cpns-enroll-" + std::string(5000, 'A')).ok());
}

}  // namespace
}  // namespace cpns::pngw
