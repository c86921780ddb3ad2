// X25519 eight at a time, against the vectors of RFC 7748 and against libcrypto.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "reference.hpp"

namespace cpns::tls::x25519 {
namespace {

/// X25519_POINTS=4000000 unit_x25519_test --gtest_filter='*libcrypto*' compares at that many points.
std::size_t points_to_try() {
  const char* wanted = std::getenv("X25519_POINTS");
  return wanted != nullptr ? std::stoul(wanted) : 24'000;
}

TEST_F(EightTest, when_rfc7748_gives_scalar_and_point_then_each_lane_gives_its_product) {
  // Section 5.2.
  const auto k1 = from_hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
  const auto u1 = from_hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
  const auto p1 = from_hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
  const auto k2 = from_hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d");
  const auto u2 = from_hex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493");
  const auto p2 = from_hex("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
  EXPECT_EQ(product(eight_times(k1), eight_times(u1)), eight_times(p1));
  EXPECT_EQ(one(k1, u1).second, p1);
  EXPECT_EQ(one(k2, u2).second, p2);
  EXPECT_EQ(product({k1, k2, k1, k2, k2, k1, k2, k1}, {u1, u2, u1, u2, u2, u1, u2, u1}),
            (eight::Numbers{p1, p2, p1, p2, p2, p1, p2, p1}));
}

TEST_F(EightTest, when_rfc7748_exchanges_keys_then_shares_and_secret_are_its_own) {
  // Section 6.1.
  const auto a = from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const auto share_a = from_hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  const auto b = from_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  const auto share_b = from_hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const auto secret = from_hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  EXPECT_EQ(shares({a, b, a, b, a, a, b, b}),
            (eight::Numbers{share_a, share_b, share_a, share_b, share_a, share_a, share_b, share_b}));
  EXPECT_EQ(product({a, b, a, b, a, a, b, b}, {share_b, share_a, share_b, share_a, share_b, share_b, share_a, share_a}),
            eight_times(secret));
  EXPECT_EQ(one(a, share_b), std::pair(share_a, secret));
  EXPECT_EQ(one(b, share_a), std::pair(share_b, secret));
}

TEST_F(EightTest, when_the_result_is_the_next_scalar_then_a_thousand_rounds_end_as_in_rfc7748) {
  // Section 5.2: each round the old scalar is the next point.
  const auto nine = from_hex("0900000000000000000000000000000000000000000000000000000000000000");
  const auto once = from_hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
  const auto thousand = from_hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
  auto k = eight_times(nine);
  auto u = k;
  for (int round = 1; round <= 1000; ++round) {
    const auto next = product(k, u);
    u = k;
    k = next;
    if (round == 1) {
      ASSERT_EQ(k, eight_times(once));
    }
  }
  EXPECT_EQ(k, eight_times(thousand));

  auto alone = std::pair(nine, nine);
  for (int round = 0; round < 1000; ++round) alone = {one(alone.first, alone.second).second, alone.first};
  EXPECT_EQ(alone.first, thousand);
}

/// Points of small order (order 1, 2, 4 and 8 on the curve and on its twist), each as every number below 2^255 that is
/// equal to it modulo p. From "Curve25519: new Diffie-Hellman speed records" and https://cr.yp.to/ecdh.html#validate;
/// that 8 times each is the point at infinity is easily computed again.
std::vector<Number> small_order() {
  return {from_hex("0000000000000000000000000000000000000000000000000000000000000000"),   // 0
          from_hex("0100000000000000000000000000000000000000000000000000000000000000"),   // 1
          from_hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),   // of order 8
          from_hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),   // of order 8
          from_hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),   // p - 1
          from_hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),   // p
          from_hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")};  // p + 1
}

Number with_top_bit(Number number) {
  number[31] |= 0x80U;
  return number;
}

/// Small order; every number from p - 3 to 2^255 - 1; the base point and its like; single bits; all of them with bit
/// 255 set too, which does not count.
std::vector<Number> special_points() {
  auto points = small_order();
  for (unsigned low = 0xea; low <= 0xff; ++low) {
    auto number = from_hex("00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    number[0] = static_cast<std::uint8_t>(low);
    points.push_back(number);
  }
  for (unsigned low = 2; low < 32; ++low) points.push_back(Number{static_cast<std::uint8_t>(low)});
  for (unsigned bit = 0; bit < 255; ++bit) {
    Number number{};
    number[bit / 8] = static_cast<std::uint8_t>(1U << bit % 8);
    points.push_back(number);
    for (auto& byte : number) byte = static_cast<std::uint8_t>(~byte);
    points.push_back(number);
  }
  const auto count = points.size();
  for (std::size_t i = 0; i < count; ++i) points.push_back(with_top_bit(points[i]));
  return points;
}

std::vector<Number> special_scalars() {
  std::vector<Number> scalars = {
      from_hex("0000000000000000000000000000000000000000000000000000000000000000"),
      from_hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
      // The order of the base point, twice and eight times that; the least clamped scalar, the greatest.
      from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"),
      from_hex("daa7ebb934c624b0ac39ef45bdf3bd2900000000000000000000000000000020"),
      from_hex("689faee7d21893c0b2e6bc17f5cef7a600000000000000000000000000000080"),
      from_hex("0000000000000000000000000000000000000000000000000000000000000040"),
      from_hex("f8ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
      from_hex("5555555555555555555555555555555555555555555555555555555555555555"),
      from_hex("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")};
  return scalars;
}

TEST_F(EightTest, when_a_point_is_of_small_order_then_its_lane_gives_zeros_and_the_others_do_not) {
  std::mt19937_64 random(1);
  for (const auto& point : small_order()) {
    for (const auto& given : {point, with_top_bit(point)}) {
      for (std::size_t lane = 0; lane < eight::kLanes; ++lane) {
        auto points = eight_times(from_hex("0900000000000000000000000000000000000000000000000000000000000000"));
        points[lane] = given;
        const auto products = product(any_numbers(random), points);
        for (std::size_t i = 0; i < eight::kLanes; ++i) EXPECT_EQ(products[i] == Number{}, i == lane) << lane;
      }
    }
  }
}

TEST_F(EightTest, when_points_or_scalars_are_special_then_products_are_those_of_libcrypto) {
  const auto points = special_points();
  for (const auto& scalar : special_scalars()) {
    const Reference reference(scalar);
    EXPECT_EQ(shares(eight_times(scalar)), eight_times(reference.share()));
    for (std::size_t first = 0; first < points.size(); first += eight::kLanes) {
      eight::Numbers eight_points{}, expected{};
      for (std::size_t i = 0; i < eight::kLanes; ++i) {
        eight_points[i] = points[std::min(first + i, points.size() - 1)];
        expected[i] = reference.times(eight_points[i]);
      }
      ASSERT_EQ(product(eight_times(scalar), eight_points), expected) << "special points from " << first;
      for (std::size_t i = 0; i < eight::kLanes; ++i)
        ASSERT_EQ(one(scalar, eight_points[i]), std::pair(reference.share(), expected[i])) << first + i;
    }
  }
}

TEST_F(EightTest, when_points_and_scalars_are_random_then_products_and_shares_are_those_of_libcrypto) {
  const auto seed = std::random_device{}();
  std::mt19937_64 random(seed);
  for (std::size_t done = 0; done < points_to_try(); done += eight::kLanes) {
    const auto scalars = any_numbers(random);
    const auto points = any_numbers(random);
    eight::Numbers expected, expected_shares;
    for (std::size_t i = 0; i < eight::kLanes; ++i) {
      const Reference reference(scalars[i]);
      expected[i] = reference.times(points[i]);
      expected_shares[i] = reference.share();
    }
    ASSERT_EQ(product(scalars, points), expected) << "seed " << seed << ", after " << done;
    ASSERT_EQ(shares(scalars), expected_shares) << "seed " << seed << ", after " << done;
    ASSERT_EQ(one(scalars[0], points[0]), std::pair(expected_shares[0], expected[0])) << "seed " << seed;
  }
}

TEST_F(EightTest, when_what_one_lane_gets_changes_then_its_result_alone_changes) {
  std::mt19937_64 random(2);
  for (std::size_t lane = 0; lane < eight::kLanes; ++lane) {
    const auto scalars = any_numbers(random);
    const auto points = shares(any_numbers(random));
    auto changed = scalars;
    changed[lane][9] ^= 1U;
    const auto before = product(scalars, points);
    const auto after = product(changed, points);
    const auto share_before = shares(scalars);
    const auto share_after = shares(changed);
    for (std::size_t i = 0; i < eight::kLanes; ++i) {
      EXPECT_EQ(before[i] != after[i], i == lane);
      EXPECT_EQ(share_before[i] != share_after[i], i == lane);
    }
  }
}

TEST_F(EightTest, when_input_and_output_are_one_place_then_the_result_is_the_same) {
  std::mt19937_64 random(3);
  const auto scalars = any_numbers(random);
  const auto points = any_numbers(random);
  auto in_place = points;
  eight::multiply(scalars, in_place, in_place);
  EXPECT_EQ(in_place, product(scalars, points));
}

}  // namespace
}  // namespace cpns::tls::x25519
