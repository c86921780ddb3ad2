#pragma once
// Times as an operator writes them.

#include <string>

#include "core/base/result.hpp"

namespace cpns::cli {

/// Seconds since 1970 UTC: of a number of them, of `2026-11-25T12:00:00Z`, or of a day's beginning, `2026-11-25`. Fails
/// with `admin_request_malformed`.
[[nodiscard]] Result<std::int64_t> seconds_of_time(const std::string& text);

}  // namespace cpns::cli
