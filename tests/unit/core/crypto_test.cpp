#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "core/crypto/crypto.hpp"
#include "core/crypto/sha256.hpp"

namespace cpns::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }
template <std::size_t N>
std::array<std::uint8_t, N> hex_array(std::string_view text) {
  const auto bytes = hex(text);
  std::array<std::uint8_t, N> out{};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}
secret::X25519PrivateKey private_key(std::string_view text) { return {hex_array<32>(text), secret::SecretAccess{}}; }

TEST(Crypto, hkdf_follows_rfc_5869_test_case_1) {
  std::array<std::uint8_t, 32> prk{};
  hkdf_extract(hex("000102030405060708090a0b0c"), hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), prk);
  EXPECT_EQ(to_hex(prk), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  Bytes okm(42);
  hkdf_expand(prk, hex("f0f1f2f3f4f5f6f7f8f9"), okm);
  EXPECT_EQ(to_hex(okm), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(Crypto, hmac_follows_rfc_4231_test_case_2) {
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// RFC 4231, test cases 1 and 6: a short key, and one longer than a block.
TEST(Crypto, when_a_key_is_made_ready_then_each_of_its_messages_has_the_published_code) {
  const HmacKey key(Bytes(20, 0x0b)), longer(Bytes(131, 0xaa));
  Mac code;
  for (int i = 0; i < 3; ++i) {
    key.mac({as_bytes("Hi "), as_bytes("There")}, code);
    EXPECT_EQ(to_hex(code), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    longer.mac({as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")}, code);
    EXPECT_EQ(to_hex(code), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  }
}

TEST(Crypto, sha256_over_pieces_is_sha256_over_the_whole) {
  EXPECT_EQ(to_hex(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")})),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Crypto, x25519_follows_rfc_7748_section_5_2) {
  const auto scalar = private_key("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
  const auto result = x25519(scalar, hex_array<32>("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"));
  ASSERT_TRUE(result);
  EXPECT_EQ(to_hex(result->reveal(secret::SecretAccess{})),
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

TEST(Crypto, when_a_share_has_small_order_then_it_is_refused) {
  const auto mine = private_key("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
  for (const auto* share : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const auto result = x25519(mine, hex_array<32>(share));
    ASSERT_FALSE(result) << share;
    EXPECT_EQ(result.error().code, Code::x25519_result_is_zero);
  }
}

TEST(Crypto, aes_gcm_follows_the_test_case_16_of_its_specification) {
  const auto key = hex_array<32>("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const auto nonce = hex_array<12>("cafebabefacedbaddecaf888");
  const auto aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const auto plain = hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de65"
      "7ba637b39");
  const auto sealed = aes256gcm_seal(key, nonce, aad, plain);
  EXPECT_EQ(to_hex(sealed),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393"
            "ba7a0ab"
            "cc9f66276fc6ece0f4e1768cddf8853bb2d551b");
  const auto opened = aes256gcm_open(key, nonce, aad, sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(Bytes(opened->view().begin(), opened->view().end()), plain);
}

TEST(Crypto, when_anything_of_a_sealed_value_is_altered_then_it_does_not_open) {
  const std::array<std::uint8_t, 32> key{1};
  const std::array<std::uint8_t, 12> nonce{2};
  const auto sealed = aes256gcm_seal(key, nonce, as_bytes("place"), as_bytes("seed"));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto altered = sealed;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(aes256gcm_open(key, nonce, as_bytes("place"), altered));
  }
  EXPECT_FALSE(aes256gcm_open(key, nonce, as_bytes("other place"), sealed));
  EXPECT_FALSE(aes256gcm_open(key, nonce, as_bytes("place"), ByteView(sealed).first(15)));
  EXPECT_TRUE(aes256gcm_open(key, nonce, as_bytes("place"), aes256gcm_seal(key, nonce, as_bytes("place"), {})));
}

}  // namespace
}  // namespace cpns::crypto
