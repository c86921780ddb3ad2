#include "cli/time_text.hpp"

#include <charconv>
#include <ctime>

namespace cpns::cli {

Result<std::int64_t> seconds_of_time(const std::string& text) {
  for (const char* form : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"}) {
    std::tm parts{};
    const auto* end = ::strptime(text.c_str(), form, &parts);
    if (end != nullptr && *end == 0) return static_cast<std::int64_t>(::timegm(&parts));
  }
  std::int64_t seconds = 0;
  const auto [at, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failed == std::errc{} && at == text.data() + text.size()) return seconds;
  return Error{Code::admin_request_malformed, text, "2026-11-25T12:00:00Z, 2026-11-25, or seconds since 1970 UTC"};
}

}  // namespace cpns::cli
