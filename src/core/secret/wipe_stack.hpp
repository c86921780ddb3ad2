#pragma once
// For calls of libraries that leave secrets on the stack behind them.

#include <array>

#include "core/secret/secret_bytes.hpp"

namespace cpns::secret {

/// Overwrites the 16 KiB of stack below the caller, where the frames of what it has called were, and what is in vector
/// registers. libcrypto's X25519 leaves its result there, as numbers that it computes with.
[[gnu::noinline]] inline void wipe_stack() noexcept {
  std::array<std::uint8_t, 16'384> over;
  wipe(over);
}

}  // namespace cpns::secret
