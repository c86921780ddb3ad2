#pragma once
// What is said through control.sock: one JSON object a line. A request is {"want":"status"}, {"want":"watch"} or
// {"wish":"direct"}; the answer is a status (again at each change for watch), {"ok":true}, or {"error":TEXT}. Pure.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/activation/activation.hpp"
#include "core/base/result.hpp"
#include "core/ids/ids.hpp"

namespace cpns::device {

struct ControlRequest {
  bool watch = false;
  bool wish = false;                       ///< to change the mode
  std::optional<activation::Mode> mode{};  ///< of a wish; none: back to the policy
};
/// A status is wanted where it is neither to watch nor a wish. Nothing where the line is none of these.
[[nodiscard]] std::optional<ControlRequest> parse_control_request(std::string_view line);

/// What a running device is doing. No secret in it.
struct RunStatus {
  struct Link {
    activation::Path path{};
    bool preferred = false;
    ids::UnixTime up_since{};
    std::optional<std::chrono::microseconds> round_trip;
    bool operator==(const Link&) const = default;
  };
  activation::State state{};
  activation::Mode mode{};
  bool wished = false;  ///< the mode is the user's wish, not the policy's
  std::vector<Link> links;
  std::size_t streams = 0;
  std::uint64_t switches = 0;
  std::string cause;  ///< of the last change of state
  bool operator==(const RunStatus&) const = default;
};
[[nodiscard]] std::string json_of(const RunStatus& status);  ///< one line, without its end
/// One line for people from such a line. Fails with `control_refused` where it is none.
[[nodiscard]] Result<std::string> text_of_status(std::string_view json);

}  // namespace cpns::device
