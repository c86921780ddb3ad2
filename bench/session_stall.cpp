// How long data stands still when a session changes its link: both ends in this process, TLS links between two hosts,
// both paths with a round trip of 20 ms. The programs around it come in with `bench_modes stall`.
//
//   bench_session_stall [SWITCHES]     {"part":"stall","stall":kind,"ms":..,"goal_ms":..} for each
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "integration/modes/network_carriers.hpp"

namespace cpns::bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Path = test::NetworkCarriers::Path;

constexpr auto kOneWay = 10ms;
constexpr double kRoundTripMs = 20;
constexpr auto kCalm = 400ms;

class Stalls {
 public:
  Stalls() {
    for (auto* path : {&world_.first, &world_.second}) path->impair({.delay = kOneWay});
    world_.keep(Path::First);
    world_.keep(Path::Second);
    await([&] { return world_.is_up(Path::First) && world_.is_up(Path::Second); });
    ticks_ = world_.ticks();
    await([&] { return ticks_->arrivals.size() > 1000; });
  }
  void planned(int times) {
    for (int i = 0; i < times; ++i) {
      const auto begun = Clock::now();
      world_.prefer(i % 2 == 0 ? Path::Second : Path::First);
      rest();
      report("session: planned", longest_pause(begun), kRoundTripMs + 20);
    }
    world_.prefer(Path::First);
    rest();
  }
  /// Seen at once: from the loss on.
  void aborted(int times) {
    for (int i = 0; i < times; ++i) {
      const auto begun = Clock::now();
      world_.lose(Path::First);
      rest();
      report("session: loss seen at once", longest_pause(begun), 3 * kRoundTripMs);
      again();
    }
  }
  /// Silence: the time until it is seen, and what comes after.
  void silent(int times) {
    for (int i = 0; i < times; ++i) {
      const auto lost = world_.links_lost;
      world_.first.cut();
      await([&] { return world_.links_lost > lost; });
      const auto seen = world_.lost_at;
      await([&] { return ticks_->arrivals.back() > seen; });
      const auto next = std::upper_bound(ticks_->arrivals.begin(), ticks_->arrivals.end(), seen);
      report("session: silence, after the loss is seen",
             std::chrono::duration<double, std::milli>(*next - seen).count(), 3 * kRoundTripMs);
      world_.first.restore();
      again();
    }
  }

 private:
  void await(const std::function<bool()>& done) {
    if (!world_.until(done, 30s)) throw std::runtime_error("what was waited for did not come");
  }
  void rest() {
    const auto end = Clock::now() + kCalm;
    await([&] { return Clock::now() > end; });
  }
  void again() {
    await([&] { return world_.is_up(Path::First); });
    world_.prefer(Path::First);
    rest();
  }
  [[nodiscard]] double longest_pause(Clock::time_point from) const {
    const auto& all = ticks_->arrivals;
    auto at = std::upper_bound(all.begin(), all.end(), from);
    Clock::duration longest{};
    for (; at != all.end(); ++at) {
      if (at != all.begin()) longest = std::max(longest, *at - *std::prev(at));
    }
    return std::chrono::duration<double, std::milli>(longest).count();
  }
  void report(const char* kind, double ms, double goal) {
    std::printf("{\"part\":\"stall\",\"stall\":\"%s\",\"ms\":%.3f,\"goal_ms\":%.0f,\"impaired_by\":\"%s\"}\n", kind, ms,
                goal, world_.first.impaired_by().c_str());
    std::fflush(stdout);
  }

  test::NetworkCarriers world_;
  std::shared_ptr<test::NetworkCarriers::Ticks> ticks_;
};

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  if (const auto& why = cpns::test::why_no_namespaces(); !why.empty()) {
    std::fprintf(stderr, "bench_session_stall: no network namespaces here: %s\n", why.c_str());
    return 1;
  }
  const int times = argc > 1 ? std::atoi(argv[1]) : 20;
  try {
    cpns::bench::Stalls stalls;
    stalls.planned(times);
    stalls.aborted(std::max(1, times / 2));
    stalls.silent(std::max(1, times / 4));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_session_stall: %s\n", error.what());
    return 1;
  }
  return 0;
}
