#pragma once
// What a Server says in the payload of its Pings: within how long its devices are to come back, each at a moment of its
// own, once their links to it are lost [docs/links.md]. A device that does not know of it returns the bytes, as any
// others; therefore it needs no agreement beforehand. Pure.

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/base/bytes.hpp"

namespace cpns::assign {

/// `rw`, then milliseconds in four bytes, big-endian.
[[nodiscard]] inline Bytes return_within_payload(std::chrono::milliseconds within) {
  const auto ms = static_cast<std::uint32_t>(within.count());
  Bytes payload{'r', 'w'};
  for (const unsigned shift : {24U, 16U, 8U, 0U}) payload.push_back(static_cast<std::uint8_t>(ms >> shift));
  return payload;
}

/// Nothing where the payload is another one.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> return_within_of(ByteView payload) {
  if (payload.size() != 6 || payload[0] != 'r' || payload[1] != 'w') return std::nullopt;
  std::uint32_t ms = 0;
  for (const auto byte : payload.subspan(2)) ms = ms << 8U | byte;
  return std::chrono::milliseconds(ms);
}

}  // namespace cpns::assign
