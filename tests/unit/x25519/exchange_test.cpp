// Ephemeral exchanges by both ways, and what stays of them in memory.
#include <algorithm>
#include <cstring>

#include "reference.hpp"
#include "tls/x25519/x25519.hpp"

namespace cpns::tls::x25519 {
namespace {

std::vector<Share> some_shares(std::size_t count) {
  std::mt19937_64 random(4);
  std::vector<Share> shares;
  while (shares.size() < count) shares.push_back(Reference(any_number(random)).share());
  return shares;
}

std::vector<Exchanged> exchanged(std::span<const Share> theirs, std::uint64_t seed, Way way) {
  std::vector<Exchanged> to(theirs.size());
  SeededRandom random(seed);
  exchange(theirs, to, random, way);
  return to;
}

class ExchangeTest : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (GetParam() == Way::Eight && !eight_at_once()) GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  }
};

TEST_P(ExchangeTest, when_one_to_eight_exchange_then_each_secret_is_what_the_peer_computes) {
  std::mt19937_64 random(5);
  for (std::size_t count = 1; count <= kMost; ++count) {
    std::vector<Number> keys;
    std::vector<Share> theirs;
    for (std::size_t i = 0; i < count; ++i) {
      keys.push_back(any_number(random));
      theirs.push_back(Reference(keys.back()).share());
    }
    const auto ours = exchanged(theirs, count, GetParam());
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(ours[i].secret);
      const auto expected = Reference(keys[i]).times(ours[i].mine);
      EXPECT_TRUE(ours[i].secret->equals(SharedSecret(expected, secret::SecretAccess{}))) << i << " of " << count;
    }
  }
}

TEST_P(ExchangeTest, when_a_share_is_of_small_order_then_it_alone_gives_no_secret) {
  auto theirs = some_shares(kMost);
  for (std::size_t lane = 0; lane < kMost; ++lane) {
    auto bad = theirs;
    bad[lane] = from_hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
    const auto ours = exchanged(bad, lane, GetParam());
    for (std::size_t i = 0; i < kMost; ++i) EXPECT_EQ(ours[i].secret.has_value(), i != lane);
  }
}

TEST_P(ExchangeTest, when_the_randomness_is_the_same_then_both_ways_give_the_same) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto theirs = some_shares(1 + seed % kMost);
    const auto portable = exchanged(theirs, seed, Way::Portable);
    const auto other = exchanged(theirs, seed, GetParam());
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      EXPECT_EQ(portable[i].mine, other[i].mine);
      EXPECT_TRUE(portable[i].secret->equals(*other[i].secret));
    }
  }
}

TEST_P(ExchangeTest, when_exchanges_follow_one_another_then_no_share_is_used_twice) {
  const auto theirs = some_shares(kMost);
  SeededRandom random(6);
  std::vector<Exchanged> first(kMost), second(kMost);
  exchange(theirs, first, random, GetParam());
  exchange(theirs, second, random, GetParam());
  std::vector<Share> shares;
  for (const auto* some : {&first, &second}) {
    for (const auto& one : *some) shares.push_back(one.mine);
  }
  std::ranges::sort(shares);
  EXPECT_EQ(std::ranges::adjacent_find(shares), shares.end());
}

INSTANTIATE_TEST_SUITE_P(Ways, ExchangeTest, testing::Values(Way::Portable, Way::Eight),
                         [](const auto& of) { return of.param == Way::Portable ? "Portable" : "Eight"; });

#if !defined(__SANITIZE_ADDRESS__)
class TracesTest : public EightTest {};

/// Looks for eight bytes of a secret in the stack below the caller, where the frames of what it called have been.
__attribute__((noinline)) bool lies_below(const Number& secret) {
  const auto* here = static_cast<const volatile std::uint8_t*>(__builtin_frame_address(0));
  for (std::size_t part = 0; part < 32; part += 8) {
    for (const volatile std::uint8_t* at = here - 512; at > here - 12'000; --at) {
      std::size_t same = 0;
      while (same < 8 && at[same] == secret[part + same]) ++same;
      if (same == 8) return true;
    }
  }
  return false;
}

TEST_F(TracesTest, when_products_are_made_then_neither_scalars_nor_products_are_left_on_the_stack) {
  std::mt19937_64 random(7);
  const auto points = std::make_unique<eight::Numbers>(any_numbers(random));
  const auto scalars = std::make_unique<eight::Numbers>();
  const auto products = std::make_unique<eight::Numbers>();
  for (auto& scalar : *scalars) {
    for (auto& byte : scalar) byte = static_cast<std::uint8_t>(random());
  }
  eight::multiply(*scalars, *points, *products);
  for (std::size_t i = 0; i < eight::kLanes; ++i) {
    EXPECT_FALSE(lies_below((*scalars)[i])) << i;
    EXPECT_FALSE(lies_below((*products)[i])) << i;
  }
  eight::exchange_one((*scalars)[0], (*points)[0], (*products)[1], (*products)[0]);
  EXPECT_FALSE(lies_below((*scalars)[0]));
  EXPECT_FALSE(lies_below((*products)[0]));
  eight::multiply_base(*scalars, *products);
  for (const auto& scalar : *scalars) EXPECT_FALSE(lies_below(scalar));
}
#endif

}  // namespace
}  // namespace cpns::tls::x25519
