#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "core/base/result.hpp"

namespace cpns {
namespace {

TEST(Encoding, when_bytes_are_encoded_then_decoding_gives_them_back) {
  Bytes bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(from_hex(to_hex(bytes)).value(), bytes);
    EXPECT_EQ(from_base32(to_base32(bytes)).value(), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
    bytes.push_back(static_cast<std::uint8_t>(i * 37 + 11));
  }
}

TEST(Encoding, follows_the_examples_of_rfc_4648) {
  EXPECT_EQ(to_base32(as_bytes("foobar")), "mzxw6ytboi");
  EXPECT_EQ(to_base64url(as_bytes("fooba")), "Zm9vYmE");
  EXPECT_EQ(to_hex(as_bytes("foo")), "666f6f");
  EXPECT_EQ(as_text(from_base32("MZXW6YTBOI").value()), "foobar");
}

TEST(Encoding, when_a_text_is_not_the_one_canonical_form_then_it_is_refused) {
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_FALSE(from_hex("zz"));
  EXPECT_FALSE(from_base32("mzxw6ytboj")) << "unused bits that are not zero";
  EXPECT_FALSE(from_base32("a")) << "a whole unused letter";
  EXPECT_FALSE(from_base32("mz======"));
  EXPECT_FALSE(from_base64url("Zm9vYmF")) << "unused bits that are not zero";
  EXPECT_FALSE(from_base64url("Zm9v+mE"));
  EXPECT_EQ(from_hex("0").error().code, Code::text_is_not_hex);
}

TEST(Encoding, when_every_byte_is_tried_as_a_letter_then_only_the_alphabet_is_taken) {
  const std::string_view hex = "0123456789abcdefABCDEF";
  const std::string_view base32 = "abcdefghijklmnopqrstuvwxyz234567ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (int i = 0; i < 256; ++i) {
    const auto c = static_cast<char>(i);
    // The other letter stands for zero, so that no unused bit is in the way.
    EXPECT_EQ(from_hex(std::string{c, '0'}).ok(), hex.find(c) != std::string_view::npos) << i;
    EXPECT_EQ(from_base32(std::string{c, 'a'}).ok(), base32.find(c) != std::string_view::npos) << i;
    EXPECT_EQ(from_base64url(std::string{c, 'A'}).ok(), base64.find(c) != std::string_view::npos) << i;
  }
  for (std::size_t i = 0; i < 64; ++i) {
    const std::string text{base64[i], 'A', 'A', 'A'};
    EXPECT_EQ(from_base64url(text).value()[0], i << 2U);
    EXPECT_EQ(to_base64url(from_base64url(text).value()), text);
  }
}

TEST(Encoding, when_text_is_not_utf8_then_it_is_known) {
  EXPECT_TRUE(is_utf8("server.例え.example"));
  EXPECT_TRUE(is_utf8("\xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("\xc0\xaf")) << "overlong";
  EXPECT_FALSE(is_utf8("\xe0\x80\xaf")) << "overlong";
  EXPECT_FALSE(is_utf8("\xed\xa0\x80")) << "surrogate";
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80")) << "above U+10FFFF";
  EXPECT_FALSE(is_utf8("\xe4\xbe")) << "cut short";
  EXPECT_TRUE(has_control_character("a\nb"));
  EXPECT_FALSE(has_control_character("a b"));
}

TEST(Catalogue, when_a_code_is_looked_up_then_case_does_not_matter_and_names_work_too) {
  ASSERT_NE(find_message("p152"), nullptr);
  EXPECT_EQ(find_message("P152")->code, Code::cm_device_id_differs);
  EXPECT_EQ(find_message("cm_device_id_differs")->id, "P152");
  EXPECT_EQ(find_message("P999"), nullptr);
  EXPECT_EQ(message_info(Code::cm_device_id_differs).message_class(), MessageClass::Peer);
}

TEST(Result, when_a_step_is_named_twice_then_the_first_is_kept) {
  auto error = Error{Code::message_not_next, "a", "b"}.at_step(4);
  error = std::move(error).at_step(7);
  EXPECT_EQ(error.step, 4);
  EXPECT_EQ(to_text(error), "P150 message is not next in any legal run (rule M2, step 4): got a, expected b");
}

Result<int> half(int n) {
  if (n % 2 != 0) return Error{Code::message_malformed, std::to_string(n), "an even number"};
  return n / 2;
}
Result<int> quarter(int n) {
  CPNS_TRY(const int once, half(n));
  CPNS_TRY(const int twice, half(once));
  return twice;
}

TEST(Result, when_something_fails_then_the_first_cause_comes_out) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().got, "3");
}

}  // namespace
}  // namespace cpns
