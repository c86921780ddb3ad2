// Faults on purpose: faults --kills N --cases N [--seed S] [--worlds W]. scripts/faults builds and runs it.

#include <CLI/CLI.hpp>
#include <csignal>
#include <functional>
#include <iostream>
#include <thread>

#include "faults/cases.hpp"
#include "faults/kill_campaign.hpp"
#include "faults/places.hpp"
#include "support/temp_dir.hpp"

namespace {

using namespace cpns;

struct Options {
  std::size_t kills = 0;
  std::uint64_t seed = 1;
  unsigned worlds = 6;
  std::size_t cases = 0;
  std::size_t devices = 100'000;
  std::string only;
  std::string keep;
};

struct NamedCase {
  const char* name;
  std::function<Result<faults::CaseResult>(const faults::CaseOptions&)> run;
  std::size_t times;  ///< 0: as often as asked for
};

std::vector<NamedCase> cases_of(const Options& options) {
  return {
      {"disk-full", faults::disk_full, 0},
      {"failing-disk", faults::failing_disk, 0},
      {"torn-files", faults::torn_files, 0},
      {"clock-jumps", faults::clock_jumps, 0},
      {"no-descriptors", faults::no_descriptors, 0},
      {"no-memory", faults::no_memory, 0},
      {"failing-allocations", faults::failing_allocations, 0},
      {"stalling-peers", faults::stalling_peers, 100'000},
      {"restarts", [&options](const faults::CaseOptions& with) { return faults::restarts(with, options.devices); }, 5}};
}

/// In a thread of its own: some faults are made for one thread and what it starts. Rows of a table.
int run_cases(const Options& options, const std::filesystem::path& folder, const faults::Places& places) {
  std::cout << "| Fault | Times | Lost | |\n|---|---|---|---|\n" << std::flush;
  std::vector<std::string> lost;
  for (const auto& one : cases_of(options)) {
    if (!options.only.empty() && options.only != one.name) continue;
    std::cerr << one.name << " ..." << std::endl;
    std::optional<Result<faults::CaseResult>> outcome;
    const auto times = one.times == 0 ? options.cases : one.times;
    std::thread([&] { outcome.emplace(one.run({folder / one.name, places, times, options.seed})); }).join();
    if (!*outcome) {
      lost.push_back(std::string(one.name) + ": " + to_text(outcome->error()));
      std::cout << "| " << one.name << " | | | could not be tried: " << to_text(outcome->error()) << " |" << std::endl;
      continue;
    }
    const auto& result = **outcome;
    std::cout << "| " << result.fault << " | " << result.times << " | " << result.lost.size() << " | "
              << (result.skipped.empty() ? result.note : "skipped: " + result.skipped) << " |" << std::endl;
    lost.insert(lost.end(), result.lost.begin(), result.lost.end());
  }
  for (const auto& one : lost) std::cout << "LOST: " << one << "\n";
  return lost.empty() ? 0 : 1;
}

faults::KillReport* under_way = nullptr;

/// The first Ctrl-C ends the campaign in order, with its table; a second one ends it at once.
void stop_early(int number) {
  if (under_way != nullptr) under_way->stop();
  std::signal(number, SIG_DFL);
}

int run_kills(const Options& options, const std::filesystem::path& folder, const faults::Places& places) {
  faults::KillReport report(options.kills);
  under_way = &report;
  std::signal(SIGINT, stop_early);
  std::signal(SIGTERM, stop_early);
  const auto done = faults::run_kills({options.kills, options.seed, options.worlds, folder, places}, report, std::cerr);
  report.print(std::cout);
  std::cout << report.kills() << " kills (seed " << options.seed << "), " << report.losses().size() << " lost, "
            << report.left_over() << " IDs left active that no device has\n";
  for (const auto& one : report.losses()) std::cout << "LOST: " << one << "\n";
  if (!done) std::cout << "FAILED: " << to_text(done.error()) << "\n";
  return done && report.losses().empty() && report.kills() >= options.kills ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Makes programs fail on purpose, and looks for what was lost", "faults");
  Options options;
  app.add_option("--kills", options.kills, "SIGKILL of a program at random points, so many times");
  app.add_option("--cases", options.cases, "every other fault, so many times each");
  app.add_option("--only", options.only, "of the other faults this one alone, such as disk-full");
  app.add_option("--devices", options.devices, "that the Server knows in the restarts")->capture_default_str();
  app.add_option("--seed", options.seed, "of what is chosen")->capture_default_str();
  app.add_option("--worlds", options.worlds, "so many servers with a PN GW and devices at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--keep", options.keep, "work in this new folder, and leave it there");
  CLI11_PARSE(app, argc, argv);
  const auto places = cpns::faults::places_of_this_build();
  const cpns::test::TempDir temporary;
  const auto folder = options.keep.empty() ? temporary.path() : std::filesystem::path(options.keep);
  int status = 0;
  if (options.cases > 0) status |= run_cases(options, folder, places);
  if (options.kills > 0) status |= run_kills(options, folder, places);
  return status;
}
