#include "tls/psk_extension.hpp"

#include <gtest/gtest.h>

namespace cpns::tls {
namespace {

void put(Bytes& out, std::size_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * (size - 1 - i))));
}

Bytes offer(const std::vector<std::string>& identities, std::size_t binders, std::size_t binder_size = 32) {
  Bytes list;
  for (const auto& identity : identities) {
    put(list, identity.size(), 2);
    list.insert(list.end(), identity.begin(), identity.end());
    put(list, 0, 4);
  }
  Bytes out;
  put(out, list.size(), 2);
  out.insert(out.end(), list.begin(), list.end());
  put(out, binders * (binder_size + 1), 2);
  for (std::size_t i = 0; i < binders; ++i) {
    put(out, binder_size, 1);
    out.resize(out.size() + binder_size, 0xbb);
  }
  return out;
}

TEST(PskExtension, when_several_identities_are_offered_then_the_first_is_taken) {
  EXPECT_EQ(parse_first_psk_identity(offer({"first", "second"}, 2)).value(), "first");
}

TEST(PskExtension, when_an_identity_is_too_long_then_it_is_refused) {
  EXPECT_TRUE(parse_first_psk_identity(offer({std::string(256, 'a')}, 1)).ok());
  EXPECT_FALSE(parse_first_psk_identity(offer({std::string(257, 'a')}, 1)).ok());
}

TEST(PskExtension, when_the_structure_is_broken_then_it_is_refused) {
  EXPECT_FALSE(parse_first_psk_identity({}).ok());
  EXPECT_FALSE(parse_first_psk_identity(offer({}, 0)).ok());
  EXPECT_FALSE(parse_first_psk_identity(offer({""}, 1)).ok());
  EXPECT_FALSE(parse_first_psk_identity(offer({"a"}, 0)).ok());
  EXPECT_FALSE(parse_first_psk_identity(offer({"a"}, 2)).ok());
  EXPECT_FALSE(parse_first_psk_identity(offer({"a"}, 1, 31)).ok());
  const auto whole = offer({"abc"}, 1);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_first_psk_identity(ByteView(whole).first(size)).ok()) << size;
  }
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(parse_first_psk_identity(longer).ok());
}

TEST(PskExtension, when_modes_are_listed_then_psk_dhe_ke_is_found) {
  EXPECT_TRUE(offers_psk_dhe_ke(Bytes{1, 1}));
  EXPECT_TRUE(offers_psk_dhe_ke(Bytes{2, 0, 1}));
  EXPECT_FALSE(offers_psk_dhe_ke(Bytes{1, 0}));
  EXPECT_FALSE(offers_psk_dhe_ke(Bytes{0}));
  EXPECT_FALSE(offers_psk_dhe_ke(Bytes{3, 1, 1}));
  EXPECT_FALSE(offers_psk_dhe_ke({}));
}

TEST(PskExtension, when_versions_are_listed_then_tls13_is_found) {
  EXPECT_TRUE(offers_tls13(Bytes{2, 3, 4}));
  EXPECT_TRUE(offers_tls13(Bytes{4, 3, 3, 3, 4}));
  EXPECT_FALSE(offers_tls13(Bytes{2, 3, 3}));
  EXPECT_FALSE(offers_tls13(Bytes{3, 3, 4}));
  EXPECT_FALSE(offers_tls13({}));
}

TEST(PskExtension, when_protocols_are_listed_then_one_is_found_by_its_whole_name) {
  const Bytes list{0, 10, 3, 'a', 'b', 'c', 5, 'a', 'b', 'c', 'd', 'e'};
  EXPECT_TRUE(offers_protocol(list, "abc"));
  EXPECT_TRUE(offers_protocol(list, "abcde"));
  EXPECT_FALSE(offers_protocol(list, "ab"));
  EXPECT_FALSE(offers_protocol(Bytes{0, 1}, "abc"));
}

}  // namespace
}  // namespace cpns::tls
