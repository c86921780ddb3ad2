#include "pngw/pairing_code.hpp"

#include <gtest/gtest.h>

#include "core/crypto/crypto.hpp"

namespace cpns::pngw {
namespace {

PairingCode sample(std::size_t endpoints = 1) {
  auto secret = secret::PairingSecret::make([](auto to) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::uint8_t>(0x10 * i);
  });
  PairingCode code{store::PairingId({9, 8, 7, 6, 5, 4, 3, 2}), std::move(secret), {}};
  for (std::size_t i = 0; i < endpoints; ++i) {
    code.endpoints.push_back(*ids::Endpoint::parse("192.168.1." + std::to_string(i + 1) + ":50000"));
  }
  return code;
}

void expect_same(const Result<PairingCode>& parsed, const PairingCode& code) {
  ASSERT_TRUE(parsed.ok()) << to_text(parsed.error());
  EXPECT_EQ(parsed->pairing_id, code.pairing_id);
  EXPECT_TRUE(parsed->secret.equals(code.secret));
  EXPECT_EQ(parsed->endpoints, code.endpoints);
}

std::string lower(std::string text) {
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

TEST(PairingCode, round_trip_with_one_to_four_endpoints) {
  for (std::size_t n = 1; n <= 4; ++n) {
    const auto code = sample(n);
    const auto text = encode_pairing_code(code);
    EXPECT_TRUE(text.starts_with("CPNS1-"));
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 6), std::string::npos);
    expect_same(parse_pairing_code(text), code);
  }
}

TEST(PairingCode, case_spaces_dashes_and_line_ends_do_not_matter) {
  const auto code = sample();
  const auto text = encode_pairing_code(code);
  const auto grouped = group_pairing_code(text);
  EXPECT_EQ(grouped.substr(0, 16), text.substr(0, 10) + "-" + text.substr(10, 4) + "-");
  expect_same(parse_pairing_code(grouped), code);
  expect_same(parse_pairing_code(lower(grouped)), code);
  expect_same(parse_pairing_code("  \n" + grouped + " \r\n"), code);
  auto spaced = grouped;
  for (std::size_t i = 10; i < spaced.size(); ++i) {
    if (spaced[i] == '-') spaced[i] = ' ';
  }
  expect_same(parse_pairing_code(spaced), code);
}

TEST(PairingCode, when_any_single_character_is_changed_then_refused) {
  const auto text = encode_pairing_code(sample());
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!")) {
      if (c == text[i]) continue;
      auto changed = text;
      changed[i] = c;
      const auto parsed = parse_pairing_code(changed);
      ASSERT_FALSE(parsed.ok()) << "position " << i << " as " << c;
    }
  }
}

TEST(PairingCode, when_two_neighbours_are_swapped_then_refused) {
  const auto text = encode_pairing_code(sample());
  for (std::size_t i = 6; i + 1 < text.size(); ++i) {
    auto changed = text;
    std::swap(changed[i], changed[i + 1]);
    if (changed != text) {
      EXPECT_FALSE(parse_pairing_code(changed).ok()) << i;
    }
  }
}

TEST(PairingCode, when_cut_anywhere_then_refused) {
  const auto text = encode_pairing_code(sample());
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(parse_pairing_code(text.substr(0, n)).ok()) << n;
  EXPECT_FALSE(parse_pairing_code(text + "A").ok());
}

TEST(PairingCode, when_a_letter_is_mistyped_then_the_error_says_so) {
  auto text = encode_pairing_code(sample());
  text[20] = text[20] == 'A' ? 'B' : 'A';
  const auto parsed = parse_pairing_code(text);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, Code::pairing_code_mistyped);
}

TEST(PairingCode, when_it_is_something_else_then_refused) {
  for (const auto* text : {"", "CPNS1-", "CPNS2-ABCD", "hello", "cpns-enroll-AAAA", "CPNS1------"}) {
    const auto parsed = parse_pairing_code(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, Code::pairing_code_malformed) << text;
  }
  EXPECT_FALSE(parse_pairing_code("CPNS1-" + std::string(100000, 'A')).ok());
}

// A well-formed code around content that this version does not know.
std::string with_content(Bytes content) {
  const auto digest = crypto::sha256({content});
  content.insert(content.end(), digest.begin(), digest.begin() + 2);
  return "CPNS1-" + to_base32(content);
}

TEST(PairingCode, when_the_content_is_of_another_form_then_refused) {
  const auto text = encode_pairing_code(sample());
  auto content = *from_base32(lower(text.substr(6)));
  content.resize(content.size() - 2);
  EXPECT_TRUE(parse_pairing_code(with_content(content)).ok());
  auto unknown_field = content;
  unknown_field.insert(unknown_field.end(), {0x78, 0x01});
  EXPECT_FALSE(parse_pairing_code(with_content(unknown_field)).ok());
  auto no_endpoint = content;
  no_endpoint.resize(28);
  EXPECT_FALSE(parse_pairing_code(with_content(no_endpoint)).ok());
  EXPECT_FALSE(parse_pairing_code(with_content({0xff, 0xff, 0xff})).ok());
  EXPECT_FALSE(parse_pairing_code(encode_pairing_code(sample(5))).ok());
}

}  // namespace
}  // namespace cpns::pngw
