// Multiples of the base point, on the twisted Edwards curve of RFC 8032 (edwards25519), which is Curve25519 in other
// coordinates: u = (1 + y) / (1 - y) (RFC 7748 section 4.1). There 64 additions of points from a table are enough,
// against 255 steps of the ladder. Its law of addition is complete: no case stands apart.
#if defined(__x86_64__)

#include "tls/x25519/common8.hpp"

namespace cpns::tls::x25519::eight {
namespace {

/// Projective with T = XY/Z: x = X/Z, y = Y/Z.
struct Point {
  Fe x, y, z, t;
};
/// What is added, as y + x, y - x and 2dxy; with a Z of its own it is 2dT, and all are times Z.
struct Addend {
  Fe plus, minus, t2d;
};

// RFC 8032 section 5.1: twice d; x and y of the base point B, and xy; the order of B. Lowest word first.
constexpr std::uint64_t kTwiceD[4] = {0xebd69b9426b2f159, 0x00e0149a8283b156, 0x198e80f2eef3d130, 0x2406d9dc56dffce7};
constexpr std::uint64_t kBaseX[4] = {0xc9562d608f25d51a, 0x692cc7609525a7b2, 0xc0a4e231fdd6dc5c, 0x216936d3cd6e53fe};
constexpr std::uint64_t kBaseY[4] = {0x6666666666666658, 0x6666666666666666, 0x6666666666666666, 0x6666666666666666};
constexpr std::uint64_t kOrder[4] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000};

constexpr int kPlaces = 32;

/// At place i, entry j of each limb: (2j + 1) * 256^i * B. A register takes one limb of all eight entries, and a
/// permutation within the register finds for each lane the one that it needs, whatever it needs in the same time.
struct Table {
  alignas(64) std::uint64_t limb[kPlaces][3][5][kLanes];
};

CPNS_IFMA_INLINE Fe constant(const std::uint64_t (&words)[4]) {
  return from_words({{all(words[0]), all(words[1]), all(words[2]), all(words[3])}});
}

CPNS_IFMA_INLINE Wide wide(const Fe& a) {
  Wide w;
  for (int i = 0; i < 5; ++i) w.limb[i] = a.limb[i];
  return w;
}

/// p + q, or p - q where `negative` is set: -(x, y) = (-x, y). `twice_z` is 2 * Z of p * Z of q.
CPNS_IFMA_INLINE Point sum(const Point& p, const Addend& q, const Wide& twice_z, LaneMask negative) {
  const Wide a = mul_wide(sub(p.y, p.x), select(negative, q.minus, q.plus));
  const Wide b = mul_wide(add(p.y, p.x), select(negative, q.plus, q.minus));
  const Wide c = mul_wide(p.t, q.t2d);
  const Fe e = carry(sub(b, a));
  const Fe h = carry(add(b, a));
  const Fe less = carry(sub(twice_z, c));
  const Fe more = carry(add(twice_z, c));
  const Fe f = select(negative, less, more);
  const Fe g = select(negative, more, less);
  return {mul(e, f), mul(g, h), mul(f, g), mul(e, h)};
}

CPNS_IFMA_INLINE Point twice(const Point& p) {
  const Wide xx = square_wide(p.x);
  const Wide yy = square_wide(p.y);
  const Wide zz = square_wide(p.z);
  const Fe h = carry(add(xx, yy));
  const Fe e = sub(h, square(add(p.x, p.y)));
  const Fe g = carry(sub(xx, yy));
  const Fe f = add(carry(add(zz, zz)), g);
  return {mul(e, f), mul(g, h), mul(f, g), mul(e, h)};
}

CPNS_IFMA_INLINE Point twice(Point p, int times) {
  for (int i = 0; i < times; ++i) p = twice(p);
  return p;
}

CPNS_IFMA_INLINE void put(const Fe& from, std::uint64_t (&to)[5][kLanes]) {
  for (int i = 0; i < 5; ++i) _mm512_storeu_si512(to[i], raw(from.limb[i]));
}

CPNS_IFMA __attribute__((noinline)) Table make_table() noexcept {
  Table table;
  const Fe twice_d = constant(kTwiceD);
  Point base{constant(kBaseX), constant(kBaseY), small_number(1), {}};
  base.t = mul(base.x, base.y);
  for (auto& place : table.limb) {
    // Lane j gets base + j * 2base.
    const Point step = twice(base);
    const Addend addend{add(step.y, step.x), sub(step.y, step.x), mul(step.t, twice_d)};
    Point odd = base;
    for (unsigned j = 1; j < kLanes; ++j) {
      const Fe zz = mul(odd.z, step.z);
      const Point next = sum(odd, addend, wide(add(zz, zz)), 0);
      const auto further = static_cast<LaneMask>(0xffU << j);
      odd = {select(further, odd.x, next.x), select(further, odd.y, next.y), select(further, odd.z, next.z),
             select(further, odd.t, next.t)};
    }
    const Fe inverse = invert(odd.z);
    const Fe x = mul(odd.x, inverse);
    const Fe y = mul(odd.y, inverse);
    put(add(y, x), place[0]);
    put(sub(y, x), place[1]);
    put(mul(mul(x, y), twice_d), place[2]);
    base = twice(base, 8);
  }
  return table;
}

/// Made at the first use, in a fraction of a millisecond; never changed after that.
const Table& table() noexcept {
  static const Table made = make_table();
  return made;
}

/// An odd number below 2^256 is the sum of 64 odd digits of -15 to 15, times 16^i each: digit i is 2n - 15, where n is
/// nibble i of what this gives. The clamped scalar is even and B has an odd order: with that added it is odd.
CPNS_IFMA_INLINE Words odd_digits(const Words& scalars) {
  Words sum;
  Lanes up = all(0);
  for (int w = 0; w < 4; ++w) {
    const Lanes part = scalars.word[w] + kOrder[w];
    sum.word[w] = part + up;
    const auto carried = static_cast<LaneMask>(_mm512_cmplt_epu64_mask(raw(part), raw(scalars.word[w])) |
                                               _mm512_cmplt_epu64_mask(raw(sum.word[w]), raw(part)));
    up = lanes_of(_mm512_maskz_mov_epi64(carried, raw(all(1))));
  }
  for (int w = 0; w < 3; ++w) sum.word[w] = sum.word[w] >> 1 | sum.word[w + 1] << 63;
  sum.word[3] = sum.word[3] >> 1 | all(std::uint64_t{1} << 63U);
  return sum;
}

CPNS_IFMA_INLINE Fe entry(const std::uint64_t (&limbs)[5][kLanes], Lanes index) {
  Fe r;
  for (int i = 0; i < 5; ++i)
    r.limb[i] = lanes_of(_mm512_maskz_permutexvar_epi64(0xff, raw(index), _mm512_loadu_si512(limbs[i])));
  return r;
}

/// p + digit * 256^place * B, for the digit that the lower four bits of `nibble` are.
CPNS_IFMA_INLINE Point add_digit(const Point& p, const std::uint64_t (&place)[3][5][kLanes], Lanes nibble) {
  const LaneMask negative = _mm512_testn_epi64_mask(raw(nibble), raw(all(8)));
  // 8 to 15 are the entries 0 to 7, 7 to 0 their negatives; a permutation looks at three bits of its index.
  const Lanes index = nibble ^ lanes_of(_mm512_maskz_mov_epi64(negative, raw(all(7))));
  const Addend q{entry(place[0], index), entry(place[1], index), entry(place[2], index)};
  return sum(p, q, wide(add(p.z, p.z)), negative);
}

CPNS_IFMA __attribute__((noinline)) void comb(const Numbers& scalars, const Table& from, Numbers& to) noexcept {
  const Words digits = odd_digits(clamped(load(scalars)));
  Point p{small_number(0), small_number(1), small_number(1), small_number(0)};
  // The odd nibbles first, then all of that times 16, then the even ones.
  for (const unsigned half : {1U, 0U}) {
    for (unsigned i = 0; i < kPlaces; ++i)
      p = add_digit(p, from.limb[i], digits.word[i / 8] >> (8 * (i % 8) + 4 * half));
    if (half == 1) p = twice(p, 4);
  }
  // The identity alone would make Z - Y zero, and no clamped scalar is a multiple of B's order.
  store(to_words(mul(add(p.z, p.y), invert(sub(p.z, p.y)))), to);
}

}  // namespace

void multiply_base(const Numbers& scalars, Numbers& to) noexcept {
  comb(scalars, table(), to);
  wipe_traces();
}

}  // namespace cpns::tls::x25519::eight

#endif
