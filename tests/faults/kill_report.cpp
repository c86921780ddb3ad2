#include "faults/kill_report.hpp"

#include <algorithm>
#include <iomanip>

namespace cpns::faults {

void KillReport::killed(const std::string& program, const std::string& place) {
  const std::scoped_lock lock(mutex_);
  ++rows_[{program, place}].times;
  ++kills_;
}

void KillReport::lost(const std::string& program, const std::string& place, const std::string& what) {
  const std::scoped_lock lock(mutex_);
  ++rows_[{program, place}].lost;
  losses_.push_back(program + " killed at " + place + ": " + what);
}

std::vector<std::string> KillReport::losses() const {
  const std::scoped_lock lock(mutex_);
  return losses_;
}

void KillReport::print(std::ostream& out) const {
  const std::scoped_lock lock(mutex_);
  out << "| Program | Killed when | Times | Lost |\n|---|---|---|---|\n";
  for (const auto& [where, row] : rows_) {
    out << "| " << where.first << " | " << where.second << " | " << row.times << " | " << row.lost << " |\n";
  }
}

}  // namespace cpns::faults
