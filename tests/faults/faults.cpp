// Faults on purpose: faults --kills N [--seed S] [--worlds W]. scripts/faults builds and runs it.

#include <CLI/CLI.hpp>
#include <iostream>

#include "faults/kill_campaign.hpp"
#include "faults/places.hpp"
#include "support/temp_dir.hpp"

namespace {

using namespace cpns;

struct Options {
  std::size_t kills = 0;
  std::uint64_t seed = 1;
  unsigned worlds = 6;
  std::string keep;
};

int run_kills(const Options& options, const std::filesystem::path& folder, const faults::Places& places) {
  faults::KillReport report(options.kills);
  const auto done = faults::run_kills({options.kills, options.seed, options.worlds, folder, places}, report, std::cerr);
  report.print(std::cout);
  std::cout << report.kills() << " kills (seed " << options.seed << "), " << report.losses().size() << " lost, "
            << report.left_over() << " IDs left active that no device has\n";
  for (const auto& one : report.losses()) std::cout << "LOST: " << one << "\n";
  if (!done) std::cout << "FAILED: " << to_text(done.error()) << "\n";
  return done && report.losses().empty() && report.enough() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Makes programs fail on purpose, and looks for what was lost", "faults");
  Options options;
  app.add_option("--kills", options.kills, "SIGKILL of a program at random points, so many times")->required();
  app.add_option("--seed", options.seed, "of what is chosen")->capture_default_str();
  app.add_option("--worlds", options.worlds, "so many servers with a PN GW and devices at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--keep", options.keep, "work in this new folder, and leave it there");
  CLI11_PARSE(app, argc, argv);
  const auto places = cpns::faults::places_of_this_build();
  const cpns::test::TempDir temporary;
  return run_kills(options, options.keep.empty() ? temporary.path() : std::filesystem::path(options.keep), places);
}
