#pragma once
// Arithmetic modulo p = 2^255 - 19 for eight numbers at a time, one in each 64-bit lane of AVX-512 registers, with the
// multipliers of AVX-512 IFMA (52 x 52 bits: the lower 52 bits of the product, or the upper). Internal to this folder.
// Neither a branch nor an address depends on a number; what the CPU does with it takes the same time for each.
//
// A number is five limbs of 51 bits. Two forms keep carries few, and their bounds are what makes this correct:
//   Fe    each limb < 2^51 + 2^16: what carry() gives, and what everything takes
//   Wide  each limb < 2^62: a sum, a difference or a product before its carry
// The multipliers look at 52 bits of a factor: each limb of an Fe has no more.

#include <immintrin.h>

#include <cstdint>

/// A function that uses AVX-512 in a program that elsewhere does not: only to be called where the CPU has it.
#define CPNS_IFMA __attribute__((target("avx512f,avx512dq,avx512ifma")))
#define CPNS_IFMA_INLINE CPNS_IFMA __attribute__((always_inline)) inline

namespace cpns::tls::x25519 {

/// Eight numbers of 64 bits; the compiler's operators work on each.
using Lanes = std::uint64_t __attribute__((vector_size(64)));
/// One bit for each lane.
using LaneMask = __mmask8;

struct Fe {
  Lanes limb[5];
};
struct Wide {
  Lanes limb[5];
};

inline constexpr std::uint64_t kLimbMask = (std::uint64_t{1} << 51U) - 1;

CPNS_IFMA_INLINE __m512i raw(Lanes lanes) { return reinterpret_cast<__m512i>(lanes); }
CPNS_IFMA_INLINE Lanes lanes_of(__m512i lanes) { return reinterpret_cast<Lanes>(lanes); }
CPNS_IFMA_INLINE Lanes all(std::uint64_t value) {
  return Lanes{value, value, value, value, value, value, value, value};
}
/// to + the lower 52 bits of a * b.
CPNS_IFMA_INLINE Lanes add_low(Lanes to, Lanes a, Lanes b) {
  return lanes_of(_mm512_madd52lo_epu64(raw(to), raw(a), raw(b)));
}
/// to + the upper 52 of the 104 bits of a * b.
CPNS_IFMA_INLINE Lanes add_high(Lanes to, Lanes a, Lanes b) {
  return lanes_of(_mm512_madd52hi_epu64(raw(to), raw(a), raw(b)));
}

CPNS_IFMA_INLINE Fe small_number(std::uint64_t value) { return {{all(value), all(0), all(0), all(0), all(0)}}; }

/// One pass: what is above 51 bits goes to the next limb, and from the last to the first times 19, as 2^255 = 19.
/// Of limbs < 2^62 at most 2^11 is carried, 19 times that is < 2^16: the result is an Fe.
CPNS_IFMA_INLINE Fe carry(const Wide& w) {
  Fe r;
  for (int i = 0; i < 5; ++i) r.limb[i] = w.limb[i] & all(kLimbMask);
  for (int i = 1; i < 5; ++i) r.limb[i] += w.limb[i - 1] >> 51;
  r.limb[0] = add_low(r.limb[0], w.limb[4] >> 51, all(19));
  return r;
}

CPNS_IFMA_INLINE Fe add(const Fe& a, const Fe& b) {
  Wide w;
  for (int i = 0; i < 5; ++i) w.limb[i] = a.limb[i] + b.limb[i];
  return carry(w);
}
CPNS_IFMA_INLINE Wide add(const Wide& a, const Wide& b) {
  Wide w;
  for (int i = 0; i < 5; ++i) w.limb[i] = a.limb[i] + b.limb[i];
  return w;
}

/// A limb of `times` * 2p: added before a subtraction, so that nothing falls below zero.
CPNS_IFMA_INLINE Lanes twice_p(int limb, std::uint64_t times) {
  return all(((std::uint64_t{1} << 52U) - (limb == 0 ? 38 : 2)) * times);
}

/// Limbs of b are < 2^51 + 2^16, which is less than those of 2p.
CPNS_IFMA_INLINE Fe sub(const Fe& a, const Fe& b) {
  Wide w;
  for (int i = 0; i < 5; ++i) w.limb[i] = a.limb[i] + twice_p(i, 1) - b.limb[i];
  return carry(w);
}
/// Of single products, whose limbs are < 2^59 (see fold()); those of 512 * 2p are > 2^60 and < 2^61.
CPNS_IFMA_INLINE Wide sub(const Wide& a, const Wide& b) {
  Wide w;
  for (int i = 0; i < 5; ++i) w.limb[i] = a.limb[i] + twice_p(i, 512) - b.limb[i];
  return w;
}

/// A product from its ten columns of weight 2^(51k): from the fifth on they come back times 19. Products of two limbs
/// are < 2^102 + 2^68, so that lower halves are < 2^52 and upper ones < 2^50 + 2^17. The first limb gets most of them,
/// 77 lower and twice 95 upper ones: all limbs are < 2^59.
CPNS_IFMA_INLINE Wide fold(const Lanes (&column)[10]) {
  Lanes nineteen = all(19);
  asm("" : "+v"(nineteen));  // hidden from compilers that would make four operations of one multiplication
  Wide w;
  for (int k = 0; k < 5; ++k) w.limb[k] = column[k] + column[k + 5] * nineteen;
  return w;
}

/// An upper half weighs 2^(51k + 52), twice the next column: each column begins with the upper halves below it,
/// doubled.
CPNS_IFMA_INLINE Wide mul_wide(const Fe& a, const Fe& b) {
  Lanes column[10];
  for (int k = 0; k < 10; ++k) column[k] = all(0);
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) column[i + j + 1] = add_high(column[i + j + 1], a.limb[i], b.limb[j]);
  }
  for (int k = 1; k < 10; ++k) column[k] += column[k];
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) column[i + j] = add_low(column[i + j], a.limb[i], b.limb[j]);
  }
  return fold(column);
}

/// Products of two different limbs count twice, so that their upper halves are doubled twice.
CPNS_IFMA_INLINE Wide square_wide(const Fe& a) {
  Lanes column[10];
  for (int k = 0; k < 10; ++k) column[k] = all(0);
  for (int i = 0; i < 5; ++i) {
    for (int j = i + 1; j < 5; ++j) column[i + j + 1] = add_high(column[i + j + 1], a.limb[i], a.limb[j]);
  }
  for (int k = 2; k < 9; ++k) column[k] += column[k];
  for (int i = 0; i < 5; ++i) column[2 * i + 1] = add_high(column[2 * i + 1], a.limb[i], a.limb[i]);
  for (int i = 0; i < 5; ++i) {
    for (int j = i + 1; j < 5; ++j) column[i + j] = add_low(column[i + j], a.limb[i], a.limb[j]);
  }
  for (int k = 1; k < 10; ++k) column[k] += column[k];
  for (int i = 0; i < 5; ++i) column[2 * i] = add_low(column[2 * i], a.limb[i], a.limb[i]);
  return fold(column);
}

CPNS_IFMA_INLINE Fe mul(const Fe& a, const Fe& b) { return carry(mul_wide(a, b)); }
CPNS_IFMA_INLINE Fe square(const Fe& a) { return carry(square_wide(a)); }

/// a + b * factor, for a factor < 2^32.
CPNS_IFMA_INLINE Fe add_multiple(const Fe& a, const Fe& b, std::uint64_t factor) {
  Lanes high[5];
  Wide w;
  for (int i = 0; i < 5; ++i) {
    w.limb[i] = add_low(a.limb[i], b.limb[i], all(factor));
    high[i] = add_high(all(0), b.limb[i], all(factor));
  }
  for (int i = 1; i < 5; ++i) w.limb[i] += high[i - 1] + high[i - 1];
  w.limb[0] = add_low(w.limb[0], high[4], all(38));
  return carry(w);
}

/// In each lane b where its bit is set, else a.
CPNS_IFMA_INLINE Fe select(LaneMask mask, const Fe& a, const Fe& b) {
  Fe r;
  for (int i = 0; i < 5; ++i) r.limb[i] = lanes_of(_mm512_mask_blend_epi64(mask, raw(a.limb[i]), raw(b.limb[i])));
  return r;
}

/// 256 bits in each lane, the lowest word first.
struct Words {
  Lanes word[4];
};

/// The lower 255 bits; they need not be less than p.
CPNS_IFMA_INLINE Fe from_words(const Words& w) {
  Fe r{{w.word[0], w.word[0] >> 51 | w.word[1] << 13, w.word[1] >> 38 | w.word[2] << 26,
        w.word[2] >> 25 | w.word[3] << 39, w.word[3] >> 12}};
  for (int i = 0; i < 5; ++i) r.limb[i] &= all(kLimbMask);
  return r;
}

/// Carries limb by limb, so that each has 51 bits. Gives what the last one carried.
CPNS_IFMA_INLINE Lanes ripple(Fe& a) {
  Lanes up = all(0);
  for (int i = 0; i < 5; ++i) {
    a.limb[i] += up;
    up = a.limb[i] >> 51;
    a.limb[i] &= all(kLimbMask);
  }
  return up;
}

/// The one number < p.
CPNS_IFMA_INLINE Words to_words(Fe a) {
  const Lanes up = ripple(a);
  a.limb[0] += up * 19;
  // Now a < 2^255 + 2^16 < 2p. a >= p where a + 19 reaches 2^255; then a - p is a + 19 without that bit.
  Fe reaching = a;
  reaching.limb[0] += 19;
  const Lanes at_least_p = ripple(reaching);
  a.limb[0] += at_least_p * 19;
  (void)ripple(a);
  return {{a.limb[0] | a.limb[1] << 51, a.limb[1] >> 13 | a.limb[2] << 38, a.limb[2] >> 26 | a.limb[3] << 25,
           a.limb[3] >> 39 | a.limb[4] << 12}};
}

}  // namespace cpns::tls::x25519
