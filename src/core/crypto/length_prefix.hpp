#pragma once
// lp(x) of protocol.md section 2: the length of x in two bytes, big-endian, then x.

#include "core/base/bytes.hpp"

namespace cpns::crypto {

/// The two bytes before x. x has at most 65,535 bytes: every caller passes an identity, a share or a label.
[[nodiscard]] inline std::array<std::uint8_t, 2> length_prefix(ByteView x) noexcept {
  return {static_cast<std::uint8_t>(x.size() >> 8U), static_cast<std::uint8_t>(x.size())};
}

/// Appends lp(x) to `out`.
inline void append_length_prefixed(Bytes& out, ByteView x) {
  const auto head = length_prefix(x);
  out.insert(out.end(), head.begin(), head.end());
  out.insert(out.end(), x.begin(), x.end());
}

}  // namespace cpns::crypto
