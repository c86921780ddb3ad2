// One private key, two points at the same time: the peer's and the base point. Each has a ladder in four lanes, whose
// step of nine multiplications becomes three, one behind the other.
#if defined(__x86_64__)

#include "tls/x25519/common8.hpp"

namespace cpns::tls::x25519::eight {
namespace {

constexpr std::uint64_t kA24 = 121665;  // (486662 - 2) / 4 (RFC 7748 section 5)
constexpr LaneMask kOdd = 0b10101010;
constexpr LaneMask kAll = 0xff;
constexpr LaneMask kButFirst = 0b11101110;

CPNS_IFMA_INLINE Lanes four(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
  return Lanes{a, b, c, d, a, b, c, d};
}

/// In each half lane 0 of the result is lane A of what there was, and so on; zero where the mask is.
template <int A, int B, int C, int D>
CPNS_IFMA_INLINE Fe arranged(const Fe& a, LaneMask mask = kAll) {
  Fe r;
  for (int i = 0; i < 5; ++i)
    r.limb[i] = lanes_of(_mm512_maskz_permutex_epi64(mask, raw(a.limb[i]), A | B << 2 | C << 4 | D << 6));
  return r;
}

/// 2p - a in odd lanes: limbs stay < 2^52.
CPNS_IFMA_INLINE Wide odd_negative(const Fe& a) {
  Wide w;
  for (int i = 0; i < 5; ++i)
    w.limb[i] = lanes_of(_mm512_mask_sub_epi64(raw(a.limb[i]), kOdd, raw(twice_p(i, 1)), raw(a.limb[i])));
  return w;
}

CPNS_IFMA_INLINE Fe sum(const Fe& a, const Wide& b) {
  Wide w;
  for (int i = 0; i < 5; ++i) w.limb[i] = a.limb[i] + b.limb[i];
  return carry(w);
}

/// a * of_a + b * of_b, for limbs < 2^52 and factors < 2^32.
CPNS_IFMA_INLINE Fe combined(const Fe& a, Lanes of_a, const Wide& b, Lanes of_b) {
  Lanes high[5];
  Wide w;
  for (int i = 0; i < 5; ++i) {
    high[i] = add_high(add_high(all(0), a.limb[i], of_a), b.limb[i], of_b);
    w.limb[i] = add_low(add_low(all(0), a.limb[i], of_a), b.limb[i], of_b);
  }
  for (int i = 1; i < 5; ++i) w.limb[i] += high[i - 1] + high[i - 1];
  w.limb[0] = add_low(w.limb[0], high[4], all(38));
  return carry(w);
}

/// One step of RFC 7748 section 5, in its names. Lanes hold x2, z2, x3, z3.
CPNS_IFMA_INLINE Fe step(const Fe& v, const Fe& x1) {
  // A, B, C, D; times A, B, B, A: AA, BB, CB, DA.
  const Fe sums = sum(arranged<0, 0, 2, 2>(v), odd_negative(arranged<1, 1, 3, 3>(v)));
  const Fe products = mul(sums, arranged<0, 1, 1, 0>(sums));
  // AA, E, DA + CB, DA - CB; times BB, AA + a24 * E = (a24 + 1) * AA - a24 * BB, and the other two again.
  const Fe left = arranged<0, 0, 3, 3>(products);
  const Wide right = odd_negative(arranged<1, 1, 2, 2>(products));
  const Fe p = sum(left, odd_negative(arranged<1, 1, 2, 2>(products, kButFirst)));
  const Fe q = combined(left, four(0, kA24 + 1, 1, 1), right, four(1, kA24, 1, 1));
  return mul(mul(p, q), x1);
}

CPNS_IFMA __attribute__((noinline)) void climb(const Number& scalar, const Number& point, Number& share,
                                               Number& product) noexcept {
  Numbers numbers{};
  numbers[3] = numbers[2] = point;
  numbers[7] = numbers[6] = {9};
  const Fe u = from_words(load(numbers));
  const Fe one = small_number(1);
  const Fe x1 = select(0b10001000, one, u);    // 1, 1, 1, u
  Fe v = select(0b01000100, one, u);           // 1, 1, u, 1
  v = select(0b00100010, v, small_number(0));  // 1, 0, u, 1
  std::uint64_t words[4];
  std::memcpy(words, scalar.data(), sizeof words);
  words[0] &= ~std::uint64_t{7};
  words[3] = (words[3] & ~(std::uint64_t{1} << 63U)) | std::uint64_t{1} << 62U;
  std::uint64_t swapped = 0;
  for (unsigned bit = 255; bit-- > 0;) {
    const auto set = words[bit / 64] >> bit % 64 & 1U;
    v = select(static_cast<LaneMask>(-(swapped ^ set)), v, arranged<2, 3, 0, 1>(v));
    swapped = set;
    v = step(v, x1);
  }
  v = select(static_cast<LaneMask>(-swapped), v, arranged<2, 3, 0, 1>(v));
  store(to_words(mul(v, arranged<1, 0, 0, 0>(invert(v)))), numbers);
  product = numbers[0];
  share = numbers[4];
}

}  // namespace

void exchange_one(const Number& scalar, const Number& point, Number& share, Number& product) noexcept {
  climb(scalar, point, share, product);
  wipe_traces();
}

}  // namespace cpns::tls::x25519::eight

#endif
