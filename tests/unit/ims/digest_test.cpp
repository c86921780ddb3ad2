// AKAv1-MD5 (RFC 3310): what is read from a challenge, and what is answered. The expected digests were computed with
// another implementation of MD5.
#include <gtest/gtest.h>

#include "ims/digest_answer.hpp"

namespace cpns::ims {
namespace {

constexpr std::string_view kNonce = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj";
constexpr DigestRequest kRequest{"gw1@cpns.test", "REGISTER", "sip:cpns.test", "abc", 1};

std::string header(std::string_view more = R"(, qop="auth,auth-int")") {
  return R"(Digest realm="cpns.test", nonce=")" + std::string(kNonce) + R"(", algorithm=AKAv1-MD5)" + std::string(more);
}
secret::AkaResponse res() {
  // With a zero, a colon and a line feed in it: RES is bytes, not text.
  return {std::array<std::uint8_t, 8>{0, 255, 58, 10, 1, 2, 3, 4}, secret::SecretAccess{}};
}
std::string refusal(const std::string& text) {
  const auto parsed = parse_digest_challenge(text);
  if (parsed) return "taken";
  EXPECT_EQ(parsed.error().code, Code::sip_malformed);
  return parsed.error().got;
}

TEST(DigestChallenge, when_a_challenge_is_well_formed_then_rand_and_autn_are_read_from_the_nonce) {
  const auto parsed = parse_digest_challenge(header(R"(, qop="auth,auth-int", opaque="xyz", ck="00", stale=false)"));
  ASSERT_TRUE(parsed.ok()) << to_text(parsed.error());
  EXPECT_EQ(parsed->realm, "cpns.test");
  EXPECT_EQ(parsed->opaque, "xyz");
  EXPECT_EQ(parsed->qop, DigestQop::Auth);
  EXPECT_EQ(parsed->rand[0], 0);
  EXPECT_EQ(parsed->rand[15], 15);
  EXPECT_EQ(parsed->autn[0], 16);
  EXPECT_EQ(parsed->autn[15], 31);
}

TEST(DigestChallenge, when_names_are_in_another_case_and_blanks_stand_between_then_it_is_the_same) {
  const auto parsed =
      parse_digest_challenge(" digest  REALM = \"a\" ,\tNonce=\"" + std::string(kNonce) + "\" , Algorithm=akav1-md5 ");
  ASSERT_TRUE(parsed.ok()) << to_text(parsed.error());
  EXPECT_EQ(parsed->qop, DigestQop::None);
}

TEST(DigestChallenge, when_something_is_wrong_then_the_refusal_says_what) {
  EXPECT_EQ(refusal(header()), "taken");
  EXPECT_EQ(refusal(""), "challenge with another scheme");
  EXPECT_EQ(refusal("Basic realm=\"a\""), "challenge with another scheme");
  EXPECT_EQ(refusal("Digest"), "challenge with a parameter without name or value");
  EXPECT_EQ(refusal("Digest realm=\"a"), "challenge with a quoted text without end");
  EXPECT_EQ(refusal("Digest realm=\"a\\\"b\""), "challenge with an escape in a quoted text");
  EXPECT_EQ(refusal("Digest realm=\"a\""), "challenge with no nonce");
  EXPECT_EQ(refusal(header(", realm=\"b\"")), "challenge with realm twice");
  EXPECT_EQ(refusal(header(",")), "challenge with a parameter without name or value");
  EXPECT_EQ(refusal(header(" qop=\"auth\"")), "challenge with no comma after algorithm");
  EXPECT_EQ(refusal(header(", qop=\"auth-int\"")), "challenge with qop auth-int");
  EXPECT_EQ(refusal(header(", x=\"\r\n\"")), "challenge with a control character");
  EXPECT_EQ(refusal(header(", x=\"" + std::string(kMostChallengeBytes, 'x') + "\"")).substr(0, 16), "challenge with 4");
}

TEST(DigestChallenge, when_another_algorithm_is_asked_for_then_it_is_refused) {
  EXPECT_EQ(refusal(R"(Digest realm="a", nonce="AAAA", algorithm=MD5)"), "challenge with algorithm MD5");
  EXPECT_EQ(refusal(R"(Digest realm="a", nonce="AAAA")"), "challenge with no algorithm");
}

TEST(DigestChallenge, when_the_nonce_is_short_or_not_base64_then_it_is_refused) {
  const auto with = [](std::string_view nonce) {
    return refusal("Digest realm=\"a\", algorithm=AKAv1-MD5, nonce=\"" + std::string(nonce) + "\"");
  };
  EXPECT_EQ(with(kNonce), "taken");
  EXPECT_EQ(with("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), "taken");
  EXPECT_EQ(with("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg=="), "challenge with a nonce of 31 bytes");
  EXPECT_EQ(with("AAEC!wQF"), "challenge with a nonce that is not base64");
  EXPECT_EQ(with("AAE"), "challenge with a nonce that is not base64");
  EXPECT_EQ(with("AA-_"), "challenge with a nonce that is not base64");
  EXPECT_EQ(with("A==="), "challenge with a nonce that is not base64");
}

TEST(DigestAnswer, when_qop_is_offered_then_the_answer_carries_count_and_cnonce) {
  const auto challenge = parse_digest_challenge(header());
  ASSERT_TRUE(challenge.ok());
  const auto answer = answer_digest(*challenge, kRequest, res());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer, R"(Digest username="gw1@cpns.test", realm="cpns.test", nonce=")" + std::string(kNonce) +
                         R"(", uri="sip:cpns.test", algorithm=AKAv1-MD5, response="ac0cc895c16c41c6312bbc586464f6f0")" +
                         R"(, qop=auth, nc=00000001, cnonce="abc")");
}

TEST(DigestAnswer, when_no_qop_is_offered_then_the_old_form_is_used_and_opaque_goes_back) {
  const auto challenge = parse_digest_challenge(header(", opaque=\"xyz\""));
  ASSERT_TRUE(challenge.ok());
  const auto answer = answer_digest(*challenge, kRequest, res());
  ASSERT_TRUE(answer.ok());
  EXPECT_NE(answer->find(R"(response="76baa4346f1a44bed2501990eb154ae2", opaque="xyz")"), std::string::npos) << *answer;
}

TEST(DigestAnswer, when_the_network_is_out_of_step_then_auts_goes_with_an_empty_password) {
  const auto challenge = parse_digest_challenge(header());
  ASSERT_TRUE(challenge.ok());
  const auto answer = answer_digest_resync(*challenge, kRequest, AkaAuts{0xfb, 0xff});
  ASSERT_TRUE(answer.ok());
  EXPECT_NE(answer->find(R"(response="4d3e2097556981643f815f221dbdc759")"), std::string::npos) << *answer;
  EXPECT_TRUE(answer->ends_with(R"(, auts="+/8AAAAAAAAAAAAAAAA=")")) << *answer;
}

TEST(DigestAnswer, when_a_text_would_break_out_of_its_quotes_then_there_is_no_answer) {
  const auto challenge = parse_digest_challenge(header());
  ASSERT_TRUE(challenge.ok());
  for (const auto* user : {"", "a\"b", "a\\b", "a\r\nVia: x"}) {
    auto request = kRequest;
    request.user = user;
    const auto answer = answer_digest(*challenge, request, res());
    ASSERT_FALSE(answer.ok()) << user;
    EXPECT_EQ(answer.error().code, Code::ims_user_unreadable);
  }
}

}  // namespace
}  // namespace cpns::ims
