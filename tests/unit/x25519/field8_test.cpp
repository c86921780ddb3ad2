// The bounds that field8.hpp states, at their edges, against libcrypto's big numbers.
#include <openssl/bn.h>

#include "reference.hpp"

#if defined(__x86_64__)

#include "tls/x25519/field8.hpp"

namespace cpns::tls::x25519 {
namespace {

constexpr std::uint64_t kMostOfLimb = (std::uint64_t{1} << 51U) + (std::uint64_t{1} << 16U) - 1;

/// One lane of an Fe, with limbs as large as they may be.
using Limbs = std::array<std::uint64_t, 5>;
using EightLimbs = std::array<Limbs, eight::kLanes>;

/// Limbs at the edges more often than not.
EightLimbs any_limbs(std::mt19937_64& random) {
  EightLimbs all{};
  for (auto& limbs : all) {
    for (auto& limb : limbs) {
      const std::array<std::uint64_t, 6> edges{
          kMostOfLimb, 0, std::uint64_t{1} << 51U, kLimbMask, kLimbMask - 18, random() % (kMostOfLimb + 1)};
      limb = edges[random() % edges.size()];
    }
  }
  return all;
}

struct Results {
  eight::Numbers sum, difference, product, square, multiple, both, less;
};

CPNS_IFMA Fe load(const EightLimbs& from) {
  Fe fe;
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t lane = 0; lane < eight::kLanes; ++lane) fe.limb[i][lane] = from[lane][i];
  }
  return fe;
}

CPNS_IFMA void store(const Fe& fe, eight::Numbers& to) {
  const Words words = to_words(fe);
  for (std::size_t lane = 0; lane < eight::kLanes; ++lane) {
    for (std::size_t byte = 0; byte < 32; ++byte)
      to[lane][byte] = static_cast<std::uint8_t>(words.word[byte / 8][lane] >> (8 * (byte % 8)));
  }
}

CPNS_IFMA Results all_of(const EightLimbs& of_a, const EightLimbs& of_b) {
  const Fe a = load(of_a);
  const Fe b = load(of_b);
  Results r;
  store(add(a, b), r.sum);
  store(sub(a, b), r.difference);
  store(mul(a, b), r.product);
  store(square(a), r.square);
  store(add_multiple(a, b, 121665), r.multiple);
  store(carry(add(mul_wide(a, b), square_wide(a))), r.both);
  store(carry(sub(mul_wide(a, b), square_wide(a))), r.less);
  return r;
}

class Big {
 public:
  Big() : number_(BN_new(), BN_free) {}
  explicit Big(const Limbs& limbs) : Big() {
    for (std::size_t i = 5; i-- > 0;) {
      const Big limb(limbs[i]);
      BN_lshift(get(), get(), 51);
      BN_add(get(), get(), limb.get());
    }
  }
  explicit Big(std::uint64_t word) : Big() { BN_set_word(get(), word); }
  [[nodiscard]] BIGNUM* get() const { return number_.get(); }
  [[nodiscard]] Number modulo_p() const {
    Big p, rest;
    BN_set_bit(p.get(), 255);
    BN_sub_word(p.get(), 19);
    const std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> context(BN_CTX_new(), BN_CTX_free);
    BN_nnmod(rest.get(), get(), p.get(), context.get());
    Number number{};
    BN_bn2lebinpad(rest.get(), number.data(), 32);
    return number;
  }
  friend Big operator*(const Big& a, const Big& b) {
    Big r;
    const std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> context(BN_CTX_new(), BN_CTX_free);
    BN_mul(r.get(), a.get(), b.get(), context.get());
    return r;
  }
  friend Big operator+(const Big& a, const Big& b) {
    Big r;
    BN_add(r.get(), a.get(), b.get());
    return r;
  }
  friend Big operator-(const Big& a, const Big& b) {
    Big r;
    BN_sub(r.get(), a.get(), b.get());
    return r;
  }

 private:
  std::unique_ptr<BIGNUM, decltype(&BN_free)> number_;
};

void compare(const EightLimbs& of_a, const EightLimbs& of_b) {
  const auto results = all_of(of_a, of_b);
  for (std::size_t lane = 0; lane < eight::kLanes; ++lane) {
    const Big a(of_a[lane]), b(of_b[lane]);
    ASSERT_EQ(results.sum[lane], (a + b).modulo_p()) << lane;
    ASSERT_EQ(results.difference[lane], (a - b).modulo_p()) << lane;
    ASSERT_EQ(results.product[lane], (a * b).modulo_p()) << lane;
    ASSERT_EQ(results.square[lane], (a * a).modulo_p()) << lane;
    ASSERT_EQ(results.multiple[lane], (a + b * Big(121665)).modulo_p()) << lane;
    ASSERT_EQ(results.both[lane], (a * b + a * a).modulo_p()) << lane;
    ASSERT_EQ(results.less[lane], (a * b - a * a).modulo_p()) << lane;
  }
}

class FieldTest : public EightTest {};

TEST_F(FieldTest, when_all_limbs_are_as_large_as_they_may_be_then_nothing_overflows) {
  EightLimbs most{}, none{};
  for (auto& limbs : most) limbs.fill(kMostOfLimb);
  compare(most, most);
  compare(most, none);
  compare(none, most);
}

TEST_F(FieldTest, when_limbs_are_at_the_edges_then_results_are_those_of_big_numbers) {
  const auto seed = std::random_device{}();
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2'000 && !HasFatalFailure(); ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    compare(any_limbs(random), any_limbs(random));
  }
}

TEST_F(FieldTest, when_a_number_is_about_p_then_its_form_below_p_is_written) {
  for (std::uint64_t low = kLimbMask - 40; low <= kMostOfLimb; low += low < kLimbMask + 40 ? 1 : 997) {
    EightLimbs a{}, zero{};
    for (auto& limbs : a) limbs = {low, kLimbMask, kLimbMask, kLimbMask, kLimbMask};
    compare(a, zero);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace cpns::tls::x25519

#endif
