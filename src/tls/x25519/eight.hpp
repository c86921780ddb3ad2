#pragma once
// X25519 eight at a time by AVX-512 IFMA, where the CPU has it. Internal to this folder: x25519.hpp is what others use.
// Constant time: neither a branch nor an address depends on scalars or points. What they leave on the stack and in
// vector registers is wiped before they return.

#include <array>
#include <cstddef>
#include <cstdint>

namespace cpns::tls::x25519::eight {

inline constexpr std::size_t kLanes = 8;
/// As RFC 7748 section 5 has them on the wire: 32 bytes, the lowest first.
using Number = std::array<std::uint8_t, 32>;
using Numbers = std::array<Number, kLanes>;

/// Whether this CPU has what is needed, and its operating system keeps those registers. Asked once.
[[nodiscard]] bool available() noexcept;

/// to[i] = scalars[i] * points[i]: X25519 of RFC 7748 section 5, with scalars clamped and bit 255 of points left out.
/// Only where available().
void multiply(const Numbers& scalars, const Numbers& points, Numbers& to) noexcept;
/// to[i] = scalars[i] * 9: the public values of private keys. Only where available().
void multiply_base(const Numbers& scalars, Numbers& to) noexcept;
/// share = scalar * 9 and product = scalar * point, in less time than eight of each. Only where available().
void exchange_one(const Number& scalar, const Number& point, Number& share, Number& product) noexcept;

}  // namespace cpns::tls::x25519::eight
