#pragma once
// Notices that somebody has set the time of day, by which keys and tokens end: it then no longer goes as the monotonic
// clock does. Pure; a time service that slews the clock is below what counts.

#include <optional>

#include "core/ids/ids.hpp"

namespace cpns::server {

class ClockWatch {
 public:
  ClockWatch(ids::UnixTime time, std::chrono::milliseconds monotonic) : time_(time), monotonic_(monotonic) {}

  /// By how much the clock was set since the last look, back where it is negative; nothing below kNoticed. To be called
  /// more often than once in kNoticed.
  [[nodiscard]] std::optional<std::chrono::seconds> look(ids::UnixTime time, std::chrono::milliseconds monotonic) {
    const auto set_by = (time - time_) - std::chrono::duration_cast<std::chrono::seconds>(monotonic - monotonic_);
    time_ = time;
    monotonic_ = monotonic;
    if (std::chrono::abs(set_by) < kNoticed) return std::nullopt;
    return set_by;
  }

  static constexpr std::chrono::seconds kNoticed{30};

 private:
  ids::UnixTime time_;
  std::chrono::milliseconds monotonic_;
};

}  // namespace cpns::server
