#pragma once
// As many different CM Device IDs as a test wants.

#include "core/ids/ids.hpp"

namespace cpns::server {

inline ids::CmDeviceId id_of(std::uint64_t n) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
  return ids::CmDeviceId(bytes);
}

}  // namespace cpns::server
