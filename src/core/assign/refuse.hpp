#pragma once
// Checks that several steps share.

#include "core/base/result.hpp"
#include "core/ids/ids.hpp"

namespace cpns::assign {

/// A message must name the assignment of its run. Fails with `assignment_unknown` [S8].
[[nodiscard]] inline Result<void> same_assignment(const ids::AssignmentId& got, const ids::AssignmentId& expected) {
  if (got != expected) return Error{Code::assignment_unknown, got.hex(), expected.hex()};
  return {};
}

}  // namespace cpns::assign
