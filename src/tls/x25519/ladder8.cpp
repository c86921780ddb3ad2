#if defined(__x86_64__)

#include "tls/x25519/common8.hpp"

namespace cpns::tls::x25519::eight {
namespace {

constexpr std::uint64_t kA24 = 121665;  // (486662 - 2) / 4 (RFC 7748 section 5)

struct Ladder {
  Fe x2, z2, x3, z3;
};

CPNS_IFMA_INLINE void swap_where(LaneMask mask, Fe& a, Fe& b) {
  const Fe kept = select(mask, a, b);
  b = select(mask, b, a);
  a = kept;
}

/// One step of RFC 7748 section 5, in its names. DA and CB are added and subtracted before they are carried.
CPNS_IFMA_INLINE void step(Ladder& l, const Fe& x1) {
  const Fe a = add(l.x2, l.z2);
  const Fe b = sub(l.x2, l.z2);
  const Fe c = add(l.x3, l.z3);
  const Fe d = sub(l.x3, l.z3);
  const Wide da = mul_wide(d, a);
  const Wide cb = mul_wide(c, b);
  const Wide aa_wide = square_wide(a);
  const Wide bb_wide = square_wide(b);
  l.x3 = square(carry(add(da, cb)));
  l.z3 = mul(x1, square(carry(sub(da, cb))));
  const Fe aa = carry(aa_wide);
  const Fe e = carry(sub(aa_wide, bb_wide));
  l.x2 = mul(aa, carry(bb_wide));
  l.z2 = mul(e, add_multiple(aa, e, kA24));
}

CPNS_IFMA __attribute__((noinline)) void climb(const Numbers& scalars, const Numbers& points, Numbers& to) noexcept {
  const Words k = clamped(load(scalars));
  const Fe x1 = from_words(load(points));
  Ladder l{small_number(1), small_number(0), x1, small_number(1)};
  LaneMask swapped = 0;
  for (int word = 3; word >= 0; --word) {
    for (int bit = word == 3 ? 62 : 63; bit >= 0; --bit) {
      const LaneMask set =
          _mm512_test_epi64_mask(raw(k.word[word]), raw(all(std::uint64_t{1} << static_cast<unsigned>(bit))));
      const auto swap = static_cast<LaneMask>(swapped ^ set);
      swap_where(swap, l.x2, l.x3);
      swap_where(swap, l.z2, l.z3);
      swapped = set;
      step(l, x1);
    }
  }
  swap_where(swapped, l.x2, l.x3);
  swap_where(swapped, l.z2, l.z3);
  store(to_words(mul(l.x2, invert(l.z2))), to);
}

CPNS_IFMA_INLINE Fe square_times(Fe a, int times) {
  for (int i = 0; i < times; ++i) a = square(a);
  return a;
}

}  // namespace

CPNS_IFMA Fe invert(const Fe& a) noexcept {
  // Exponents: 2^n - 1 for n = 5, 10, 20, 40, 50, 100, 200, 250; then 2^255 - 2^5 + 11 = 2^255 - 21.
  const Fe e2 = square(a);
  const Fe e9 = mul(square_times(e2, 2), a);
  const Fe e11 = mul(e9, e2);
  const Fe n5 = mul(square(e11), e9);
  const Fe n10 = mul(square_times(n5, 5), n5);
  const Fe n20 = mul(square_times(n10, 10), n10);
  const Fe n40 = mul(square_times(n20, 20), n20);
  const Fe n50 = mul(square_times(n40, 10), n10);
  const Fe n100 = mul(square_times(n50, 50), n50);
  const Fe n200 = mul(square_times(n100, 100), n100);
  const Fe n250 = mul(square_times(n200, 50), n50);
  return mul(square_times(n250, 5), e11);
}

CPNS_IFMA __attribute__((noinline)) void wipe_traces() noexcept {
  // Frames of climb() and its like are a few kilobytes, and lay where this one lies now (without optimisation they are
  // larger: such a build is for tests).
  std::array<std::uint8_t, 16384> over;
  secret::wipe(over);
  // That has cleared the vector registers, too; masks are this folder's own.
  asm volatile(
      "kxorw %%k1, %%k1, %%k1\n\tkxorw %%k2, %%k2, %%k2\n\tkxorw %%k3, %%k3, %%k3\n\tkxorw %%k4, %%k4, %%k4\n\t"
      "kxorw %%k5, %%k5, %%k5\n\tkxorw %%k6, %%k6, %%k6\n\tkxorw %%k7, %%k7, %%k7" ::
          : "memory", "k1", "k2", "k3", "k4", "k5", "k6",
            "k7");  // said aloud: compilers that see this function keep nothing in them beyond it
}

void multiply(const Numbers& scalars, const Numbers& points, Numbers& to) noexcept {
  climb(scalars, points, to);
  wipe_traces();
}

bool available() noexcept {
  static const bool has = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
                          __builtin_cpu_supports("avx512ifma") != 0;
  return has;
}

}  // namespace cpns::tls::x25519::eight

#endif
