// Proves that the scanner finds what was planted: without this, finding nothing would mean nothing.
#include "support/secret_scanner.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/encoding.hpp"
#include "support/temp_dir.hpp"

namespace cpns::test {
namespace {

Bytes secret_of(std::uint8_t begin) {
  Bytes secret(32);
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(begin + i * 37);
  return secret;
}

std::string base64(ByteView bytes) {
  std::string text = to_base64url(bytes);
  for (auto& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  return text + "=";
}

class SecretScannerTest : public testing::Test {
 protected:
  SecretScannerTest() { scanner_.add("key", secret_); }
  [[nodiscard]] std::size_t hits(const std::string& text) const { return scanner_.scan(as_bytes(text)).size(); }

  Bytes secret_ = secret_of(0xe7);
  SecretScanner scanner_;
};

TEST_F(SecretScannerTest, when_a_secret_is_planted_in_any_form_then_it_is_found) {
  const std::string around = "some bytes before ";
  EXPECT_EQ(hits(around + std::string(as_text(secret_)) + "x"), 1U);
  EXPECT_EQ(hits(around + to_hex(secret_)), 1U);
  std::string upper_hex = to_hex(secret_);
  for (auto& c : upper_hex) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(hits(around + upper_hex + "\n"), 1U);
  EXPECT_EQ(hits("{\"k\":\"" + to_base32(secret_) + "\"}"), 1U);
  EXPECT_GE(hits(to_base64url(secret_)), 1U);
  EXPECT_GE(hits(base64(secret_)), 1U);
}

TEST_F(SecretScannerTest, when_a_secret_stands_inside_something_encoded_then_it_is_found) {
  for (std::size_t before = 0; before < 5; ++before) {
    Bytes outer(before, 0x5a);
    outer.insert(outer.end(), secret_.begin(), secret_.end());
    outer.insert(outer.end(), 7, 0x11);
    EXPECT_GE(hits(to_base64url(outer)), 1U) << before;
    EXPECT_GE(hits(base64(outer)), 1U) << before;
    EXPECT_GE(hits(to_hex(outer)), 1U) << before;
  }
}

TEST_F(SecretScannerTest, when_one_bit_differs_then_nothing_is_found) {
  auto other = secret_;
  other[31] ^= 1U;
  EXPECT_EQ(hits(std::string(as_text(other))), 0U);
  EXPECT_EQ(hits(to_hex(other)), 0U);
}

TEST_F(SecretScannerTest, when_base64_is_broken_into_lines_then_the_secret_is_found) {
  const TempDir dir;
  auto text = base64(secret_);
  text.insert(20, "\r\n");
  std::ofstream(dir / "key.pem") << "-----BEGIN PRIVATE KEY-----\n" << text << "\n-----END PRIVATE KEY-----\n";
  EXPECT_GE(scanner_.scan_file(dir / "key.pem").size(), 1U);
}

TEST_F(SecretScannerTest, when_a_large_file_holds_a_secret_across_two_pieces_then_it_is_found_once) {
  const TempDir dir;
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{(4 << 20) - 16}, std::size_t{4 << 20}, std::size_t{9 << 20}}) {
    std::string content(10 << 20, 'x');
    content.replace(at, secret_.size(), as_text(secret_));
    std::ofstream(dir / "core", std::ios::binary | std::ios::trunc) << content;
    const auto found = scanner_.scan_file(dir / "core");
    ASSERT_EQ(found.size(), 1U) << at;
    EXPECT_EQ(found[0].offset, at);
    EXPECT_EQ(to_text(found[0]), "key as raw at " + std::to_string(at));
  }
}

}  // namespace
}  // namespace cpns::test
