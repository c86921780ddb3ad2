// RFC 9258: what an imported identity looks like, and what key it is for.
#include "tls/psk13/imported.hpp"

#include <gtest/gtest.h>

#include "trace.hpp"

namespace cpns::tls::psk13 {
namespace {

TEST(Imported, when_an_identity_is_imported_then_it_reads_back) {
  const auto made = encode_imported_identity("cm-test");
  EXPECT_EQ(to_hex(made),
            "0007"
            "636d2d74657374"
            "0000"
            "0304"
            "0001");
  const auto inside = parse_imported_identity(made);
  ASSERT_TRUE(inside);
  EXPECT_EQ(as_text(*inside), "cm-test");
}

TEST(Imported, when_it_is_for_another_protocol_or_kdf_or_is_cut_then_it_is_none_of_ours) {
  const auto made = encode_imported_identity("cm-test");
  for (std::size_t size = 0; size < made.size(); ++size)
    EXPECT_FALSE(parse_imported_identity(ByteView(made).first(size)));
  auto other = made;
  other[other.size() - 1] = 2;  // HKDF-SHA384
  EXPECT_FALSE(parse_imported_identity(other));
  other = made;
  other[other.size() - 3] = 3;  // TLS 1.2
  EXPECT_FALSE(parse_imported_identity(other));
  other = made;
  other.push_back(0);
  EXPECT_FALSE(parse_imported_identity(other));
  EXPECT_FALSE(parse_imported_identity(encode_imported_identity("")));
  EXPECT_FALSE(parse_imported_identity(encode_imported_identity(std::string(257, 'x'))));
}

TEST(Imported, when_there_is_a_context_then_the_identity_is_found_all_the_same) {
  const Bytes with_context{0, 2, 'i', 'd', 0, 3, 'c', 't', 'x', 0x03, 0x04, 0x00, 0x01};
  const auto inside = parse_imported_identity(with_context);
  ASSERT_TRUE(inside);
  EXPECT_EQ(as_text(*inside), "id");
}

// Section 5.1, put together from libcrypto's HKDF.
TEST(Imported, when_a_key_is_imported_then_it_is_that_of_the_rfc) {
  const std::string key_hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  const auto identity = encode_imported_identity("cm-test");
  std::array<std::uint8_t, 32> extracted{};
  crypto::hkdf_extract(Bytes(32), from_hex(key_hex).value(), extracted);
  Bytes info{0, 32, 17};
  const std::string_view label = "tls13 derived psk";
  info.insert(info.end(), label.begin(), label.end());
  const auto hash = crypto::sha256({ByteView(identity)});
  info.push_back(32);
  info.insert(info.end(), hash.begin(), hash.end());
  Bytes expected(32);
  crypto::hkdf_expand(extracted, info, expected);
  EXPECT_EQ(trace::hex_of(import_psk(trace::secret_of<secret::TlsPsk>(key_hex), identity)), to_hex(expected));
}

}  // namespace
}  // namespace cpns::tls::psk13
