// A short campaign of kills; scripts/faults makes the long one. CPNS_FAULT_KILLS=n makes n of them here.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "faults/kill_campaign.hpp"
#include "faults/places.hpp"
#include "support/temp_dir.hpp"

namespace cpns::faults {
namespace {

std::size_t wanted_kills() {
  const char* text = std::getenv("CPNS_FAULT_KILLS");
  return text == nullptr ? 200 : static_cast<std::size_t>(std::max(1, std::atoi(text)));
}

TEST(KillCampaignTest, when_programs_are_killed_at_any_moment_then_nothing_that_was_answered_is_lost) {
  const test::TempDir dir;
  KillReport report(wanted_kills());
  // Another seed in each run: what it was stands in the output.
  const KillOptions options{.kills = report.wanted(),
                            .seed = std::random_device{}(),
                            .worlds = 4,
                            .folder = dir.path(),
                            .places = places_of_this_build()};
  std::cout << "seed " << options.seed << "\n";
  const auto done = run_kills(options, report, std::cout);
  EXPECT_TRUE(done.ok()) << to_text(done.error());
  for (const auto& loss : report.losses()) ADD_FAILURE() << loss;
  EXPECT_GE(report.kills(), report.wanted());
  report.print(std::cout);
}

}  // namespace
}  // namespace cpns::faults
