#pragma once
// Wall-clock time for people.

#include <string>

#include "core/ids/ids.hpp"

namespace cpns::runtime {

/// `2026-11-24 03:15:00 UTC`.
[[nodiscard]] std::string time_text(ids::UnixTime time);

}  // namespace cpns::runtime
