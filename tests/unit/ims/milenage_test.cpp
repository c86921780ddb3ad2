// Milenage against the test sets of 3GPP TS 35.208.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/encoding.hpp"
#include "ims/milenage.hpp"

namespace cpns::ims {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> hex(std::string_view text) {
  const auto bytes = from_hex(text);
  std::array<std::uint8_t, N> out{};
  EXPECT_TRUE(bytes.ok() && bytes->size() == N) << text;
  if (bytes.ok() && bytes->size() == N) std::ranges::copy(*bytes, out.begin());
  return out;
}

struct TestSet {
  const char *k, *rand, *sqn, *amf, *op, *opc, *f1, *f1_star, *f2, *f5, *f3, *f4, *f5_star;
};

constexpr TestSet kTestSets[] = {
    {"465b5ce8b199b49faa5f0a2ee238a6bc", "23553cbe9637a89d218ae64dae47bf35", "ff9bb4d0b607", "b9b9",
     "cdc202d5123e20f62b6d676ac72cb318", "cd63cb71954a9f4e48a5994e37a02baf", "4a9ffac354dfafb3", "01cfaf9ec4e871e9",
     "a54211d5e3ba50bf", "aa689c648370", "b40ba9a3c58b2a05bbf0d987b21bf8cb", "f769bcd751044604127672711c6d3441",
     "451e8beca43b"},
    {"0396eb317b6d1c36f19c1c84cd6ffd16", "c00d603103dcee52c4478119494202e8", "fd8eef40df7d", "af17",
     "ff53bade17df5d4e793073ce9d7579fa", "53c15671c60a4b731c55b4a441c0bde2", "5df5b31807e258b0", "a8c016e51ef4a343",
     "d3a628ed988620f0", "c47783995f72", "58c433ff7a7082acd424220f2b67c556", "21a8c1f929702adb3e738488b9f5c5da",
     "30f1197061c1"},
    {"fec86ba6eb707ed08905757b1bb44b8f", "9f7c8d021accf4db213ccff0c7f71a6a", "9d0277595ffc", "725c",
     "dbc59adcb6f9a0ef735477b7fadf8374", "1006020f0a478bf6b699f15c062e42b3", "9cabc3e99baf7281", "95814ba2b3044324",
     "8011c48c0c214ed2", "33484dc2136b", "5dbdbb2954e8f3cde665b046179a5098", "59a92d3b476a0443487055cf88b2307b",
     "deacdd848cc6"},
};

TEST(Milenage, every_function_gives_what_the_test_sets_of_ts_35_208_say) {
  const secret::SecretAccess access{};
  for (const auto& set : kTestSets) {
    SCOPED_TRACE(set.k);
    SubscriberKeys keys{secret::UsimK(hex<16>(set.k), access), secret::UsimOpc(hex<16>(set.opc), access)};
    EXPECT_EQ(to_hex(derive_opc(keys.k, hex<16>(set.op)).reveal(access)), set.opc);
    const auto codes = milenage_codes(keys, hex<16>(set.rand), hex<6>(set.sqn), hex<2>(set.amf));
    EXPECT_EQ(to_hex(codes.network), set.f1);
    EXPECT_EQ(to_hex(codes.resync), set.f1_star);
    const auto secrets = milenage_secrets(keys, hex<16>(set.rand));
    EXPECT_EQ(to_hex(secrets.res.reveal(access)), set.f2);
    EXPECT_EQ(to_hex(secrets.ck.reveal(access)), set.f3);
    EXPECT_EQ(to_hex(secrets.ik.reveal(access)), set.f4);
    EXPECT_EQ(to_hex(secrets.ak), set.f5);
    EXPECT_EQ(to_hex(secrets.ak_for_resync), set.f5_star);
  }
}

}  // namespace
}  // namespace cpns::ims
