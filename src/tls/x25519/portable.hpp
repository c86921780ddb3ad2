#pragma once
// X25519 by libcrypto. Internal to this folder.

#include "core/base/bytes.hpp"

namespace cpns::tls::x25519::portable {

using Number = std::array<std::uint8_t, 32>;

/// share = scalar * 9 and product = scalar * point, which are all zeros where libcrypto refuses the point for that.
/// Throws std::bad_alloc where libcrypto fails otherwise.
void exchange(const Number& scalar, const Number& point, Number& share, Number& product);

}  // namespace cpns::tls::x25519::portable
