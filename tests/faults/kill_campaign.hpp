#pragma once
// Kills in several worlds beside each other, until there have been enough.

#include <filesystem>
#include <ostream>

#include "faults/fault_world.hpp"
#include "faults/kill_report.hpp"

namespace cpns::faults {

struct KillOptions {
  std::size_t kills = 10'000;
  std::uint64_t seed = 1;  ///< of what is chosen; times differ from run to run
  unsigned worlds = 6;     ///< each with programs of its own
  std::filesystem::path folder;
  Places places;
};

/// A line of progress now and then on `progress`. Fails where programs can not be started, or stop by themselves.
[[nodiscard]] Result<void> run_kills(const KillOptions& options, KillReport& report, std::ostream& progress);

}  // namespace cpns::faults
