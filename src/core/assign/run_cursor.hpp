#pragma once
// Walks kRuns [M2]: holds which legal runs are still possible after the messages so far and refuses any message that
// is next in none of them. There is no transition code anywhere else.

#include <bitset>

#include "core/assign/steps.hpp"
#include "core/base/result.hpp"

namespace cpns::assign {

/// One side's place in its runs. Plain value; owned by one session.
class RunCursor {
 public:
  explicit RunCursor(Party side);

  /// Takes one message, sent or received. Fails with `message_not_next`; the place is kept.
  [[nodiscard]] Result<void> take(MessageKind kind);
  /// True where the run of this name may still be under way.
  [[nodiscard]] bool possible(std::string_view name) const;
  /// True where at least one run is complete.
  [[nodiscard]] bool complete() const;
  /// Names of what may come next, for a refusal's `expected`.
  [[nodiscard]] std::string expected() const;

 private:
  std::bitset<kRuns.size()> possible_;
  std::size_t taken_ = 0;
};

}  // namespace cpns::assign
