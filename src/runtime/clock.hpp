#pragma once
// The system's clocks. The core never reads them: whoever runs a session passes the time in.

#include <chrono>
#include <cstdint>

#include "core/ids/ids.hpp"

namespace cpns::runtime {

/// Wall-clock time in whole seconds.
[[nodiscard]] inline ids::UnixTime now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// CLOCK_REALTIME in microseconds since 1970.
[[nodiscard]] inline std::int64_t realtime_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// CLOCK_MONOTONIC in microseconds: never set back, the same for all processes of a machine.
[[nodiscard]] inline std::int64_t monotonic_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// CLOCK_MONOTONIC in milliseconds.
[[nodiscard]] inline std::int64_t monotonic_ms() { return monotonic_us() / 1000; }

}  // namespace cpns::runtime
