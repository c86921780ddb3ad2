#include "faults/kill_campaign.hpp"

#include <iomanip>
#include <thread>

#include "faults/kill_run.hpp"

namespace cpns::faults {

namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(100);
constexpr auto kSayEvery = std::chrono::seconds(10);

}  // namespace

Result<void> run_kills(const KillOptions& options, KillReport& report, std::ostream& progress) {
  std::mutex mutex;
  std::optional<Error> first;
  std::atomic<unsigned> running{options.worlds};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < options.worlds; ++i) {
    // The programs end with the thread that started them: it lives as long as its world.
    threads.emplace_back([&, i] {
      KillRun run(options.folder / ("world-" + std::to_string(i)), options.places, options.seed * 1000 + i, report);
      if (const auto done = run.run(); !done) {
        const std::scoped_lock lock(mutex);
        if (!first) first = done.error();
      }
      --running;
    });
  }
  const auto begun = std::chrono::steady_clock::now();
  auto said = begun;
  const auto say = [&] {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
    progress << std::fixed << std::setprecision(1) << report.kills() << " of " << report.wanted() << " kills, "
             << static_cast<double>(report.kills()) / passed.count() << " a second, " << report.losses().size()
             << " lost" << std::endl;
  };
  while (running > 0) {
    std::this_thread::sleep_for(kLookEvery);
    if (std::chrono::steady_clock::now() - said < kSayEvery) continue;
    said = std::chrono::steady_clock::now();
    say();
  }
  threads.clear();
  say();
  if (first) return *first;
  return {};
}

}  // namespace cpns::faults
