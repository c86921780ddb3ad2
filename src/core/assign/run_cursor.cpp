#include "core/assign/run_cursor.hpp"

namespace cpns::assign {

RunCursor::RunCursor(Party side) {
  for (std::size_t i = 0; i < kRuns.size(); ++i) possible_[i] = kRuns[i].seen_by == side;
}

Result<void> RunCursor::take(MessageKind kind) {
  std::bitset<kRuns.size()> still;
  for (std::size_t i = 0; i < kRuns.size(); ++i) {
    still[i] = possible_[i] && taken_ < kRuns[i].messages.size() && kRuns[i].messages[taken_] == kind;
  }
  if (still.none()) {
    const auto* info = message_row(kind);
    return Error{Code::message_not_next, info == nullptr ? "a message of no run" : std::string(info->name), expected()};
  }
  possible_ = still;
  ++taken_;
  return {};
}

bool RunCursor::possible(std::string_view name) const {
  for (std::size_t i = 0; i < kRuns.size(); ++i) {
    if (possible_[i] && kRuns[i].name == name) return true;
  }
  return false;
}

bool RunCursor::complete() const {
  for (std::size_t i = 0; i < kRuns.size(); ++i) {
    if (possible_[i] && kRuns[i].messages.size() == taken_) return true;
  }
  return false;
}

std::string RunCursor::expected() const {
  std::string names;
  for (std::size_t i = 0; i < kRuns.size(); ++i) {
    if (!possible_[i] || taken_ >= kRuns[i].messages.size()) continue;
    const auto name = message_row(kRuns[i].messages[taken_])->name;
    if (names.find(name) != std::string::npos) continue;
    names.append(names.empty() ? "" : " or ").append(name);
  }
  return names.empty() ? "no further message" : names;
}

}  // namespace cpns::assign
