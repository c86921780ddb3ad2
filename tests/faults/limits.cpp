// Programs that get no file descriptor or no memory any more.

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "faults/cases.hpp"
#include "support/deadline.hpp"

namespace cpns::faults {
namespace {

namespace fs = std::filesystem;
using Party = Scene::Party;

constexpr int kWorkUnderLimit = 3;
constexpr std::chrono::seconds kEnds{10};

void note_all(CaseResult& result, Scene& scene, const std::string& when) {
  for (const auto& one : scene.what_is_lost()) result.lost.push_back(when + ": " + one);
}

std::size_t open_files(pid_t pid) {
  std::error_code failed;
  const fs::directory_iterator list("/proc/" + std::to_string(pid) + "/fd", failed);
  return failed ? 0 : static_cast<std::size_t>(std::distance(begin(list), end(list)));
}

/// Bytes of address space.
std::size_t address_space(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmSize:")) return std::stoul(line.substr(7)) * 1024;
  }
  return 0;
}

/// A soft limit of another process; what it was before, nullopt where that fails.
std::optional<rlim_t> limit(pid_t pid, __rlimit_resource kind, rlim_t value) {
  rlimit before{};
  if (::prlimit(pid, kind, nullptr, &before) != 0) return std::nullopt;
  const rlimit wanted{std::min(value, before.rlim_max), before.rlim_max};
  if (::prlimit(pid, kind, &wanted, nullptr) != 0) return std::nullopt;
  return before.rlim_cur;
}

struct Tally {
  std::size_t answered = 0, refused = 0, ended = 0;
  [[nodiscard]] std::string text() const {
    return "under it " + std::to_string(answered) + " answered well, " + std::to_string(refused) +
           " not; programs ended by themselves " + std::to_string(ended) + " times";
  }
};

/// `room` gives the limit for a process as it is now.
template <class Room>
Result<CaseResult> under_limit(const CaseOptions& options, std::string fault, __rlimit_resource kind, Room room) {
  CaseResult result{.fault = std::move(fault)};
  CPNS_TRY(const auto scene, Scene::make(options));
  Tally tally;
  for (; result.times < options.times; ++result.times) {
    const auto party = scene->below(3) == 0 ? Party::PnGw : Party::Server;
    const auto pid = scene->world().pid(party);
    const auto before = limit(pid, kind, room(*scene, pid));
    if (!before) return Error{Code::program_ended_early, result.fault, "a process whose limits can be set"};
    for (int i = 0; i < kWorkUnderLimit; ++i) ++(scene->work() ? tally.answered : tally.refused);
    if (scene->world().runs(party)) {
      // No restart: it goes on as soon as there is room.
      (void)limit(pid, kind, *before);
    } else {
      ++tally.ended;
    }
    CPNS_CHECK(scene->start_missing());
    note_all(result, *scene, result.fault);
  }
  result.note = tally.text();
  return result;
}

}  // namespace

Result<CaseResult> no_descriptors(const CaseOptions& options) {
  return under_limit(options, "no file descriptor left", RLIMIT_NOFILE,
                     [](Scene& scene, pid_t pid) { return open_files(pid) + scene.below(4); });
}

Result<CaseResult> no_memory(const CaseOptions& options) {
  constexpr std::size_t kStep = 64UL * 1024;
  return under_limit(options, "no memory left", RLIMIT_AS,
                     [](Scene& scene, pid_t pid) { return address_space(pid) + scene.below(16) * kStep; });
}

Result<CaseResult> failing_allocations(const CaseOptions& options) {
  CaseResult result{.fault = "an allocation that fails"};
  CPNS_TRY(const auto scene, Scene::make(options));
  Tally tally;
  std::size_t failed = 0;
  for (; result.times < options.times; ++result.times) {
    const auto party = scene->below(4) == 0 ? Party::PnGw : Party::Server;
    auto& page = scene->faults().control(party == Party::Server ? "cpns-server" : "cpns-gateway", "run");
    page.fail_path[0] = 0;
    page.failed = 0;
    page.fail_error = ENOMEM;
    // A piece of work takes some thousands of them.
    page.fail_after = static_cast<std::int64_t>(scene->below(scene->below(2) == 0 ? 100 : 4000));
    page.fail_times = std::array<std::int64_t, 3>{1, 5, -1}[scene->below(3)];
    page.fail_calls = kAllocate;
    for (int i = 0; i < kWorkUnderLimit; ++i) ++(scene->work() ? tally.answered : tally.refused);
    scene->faults().calm();
    failed += page.failed > 0 ? 1 : 0;
    // One that is about to end is no running one yet: both have to answer, or to be gone.
    (void)test::eventually([&] { return !scene->world().runs(Party::Server) || scene->faults().devices().ok(); },
                           kEnds);
    (void)test::eventually([&] { return !scene->world().runs(Party::PnGw) || scene->world().make_pairing_code().ok(); },
                           kEnds);
    if (!scene->world().runs(party)) ++tally.ended;
    CPNS_CHECK(scene->start_missing());
    note_all(result, *scene, result.fault);
  }
  result.note = "hit " + std::to_string(failed) + " times; " + tally.text();
  return result;
}

}  // namespace cpns::faults
