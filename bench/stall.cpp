#include "stall.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <thread>

#include "paths.hpp"
#include "support/deadline.hpp"

namespace cpns::bench {
namespace {

using namespace std::chrono_literals;
using Party = test::HostWorld::Party;
using Nanoseconds = std::int64_t;

constexpr auto kOneWay = 10ms;
constexpr double kRoundTripMs = 20;
constexpr double kPlannedGoalMs = kRoundTripMs + 20;
constexpr double kUnplannedGoalMs = 3 * kRoundTripMs;
constexpr auto kCalm = 1500ms;  // between switches: windows and timers are at rest again

Nanoseconds now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A message each millisecond from the source behind the server to the sink on the device, as long as it lives.
class Ticks {
 public:
  Ticks(test::HostWorld& world, const std::filesystem::path& programs) : file_(world.file("ticks")) {
    sink_ = world.launch(Party::CmDevice, programs / "bench_peer",
                         {"sink", "127.0.0.1", Paths::kDevicePort, "ticks", "100000000", "1000"}, file_.string());
  }
  /// Reads what has come since the last call.
  void read() {
    std::ifstream in(file_);
    in.seekg(offset_);
    Nanoseconds at = 0;
    Nanoseconds age = 0;
    for (std::string line; std::getline(in, line) && !in.eof(); offset_ = in.tellg()) {
      if (std::sscanf(line.c_str(), "%ld %ld", &at, &age) == 2) arrivals_.push_back(at);
    }
  }
  [[nodiscard]] bool came_after(Nanoseconds time) {
    read();
    return !arrivals_.empty() && arrivals_.back() > time;
  }
  /// The longest pause between two arrivals, of which the second is after `from`, up to `to`.
  [[nodiscard]] double longest_pause_ms(Nanoseconds from, Nanoseconds to) {
    read();
    Nanoseconds longest = 0;
    for (std::size_t i = 1; i < arrivals_.size(); ++i) {
      if (arrivals_[i] < from || arrivals_[i - 1] > to) continue;
      longest = std::max(longest, arrivals_[i] - arrivals_[i - 1]);
    }
    return static_cast<double>(longest) / 1e6;
  }
  [[nodiscard]] std::optional<Nanoseconds> first_after(Nanoseconds time) {
    read();
    const auto found = std::upper_bound(arrivals_.begin(), arrivals_.end(), time);
    return found == arrivals_.end() ? std::nullopt : std::optional(*found);
  }

 private:
  std::filesystem::path file_;
  std::optional<cli::ChildProcess> sink_;
  std::streamoff offset_ = 0;
  std::vector<Nanoseconds> arrivals_;
};

class Stalls {
 public:
  Stalls(const std::filesystem::path& programs, const std::function<void(const nlohmann::json&)>& report)
      : report_(report), world_({programs, kBulkService, {}, test::Hosts::Medium::Tun}), programs_(programs) {
    world_.prepare();
    auto& hosts = world_.hosts();
    hosts.broadband.impair({.delay = kOneWay});
    // The PAN is near, the operator's network is not; together they are as far as broadband.
    hosts.pan.impair({.delay = 1ms});
    hosts.operator_path.impair({.delay = kOneWay - 1ms});
    run_device(world_);
    source_ = world_.launch(Party::Server, programs / "bench_peer", {"source", "127.0.0.1", Paths::kSourcePort});
    ticks_.emplace(world_, programs);
    const auto begun = now();
    if (!test::eventually([&] { return ticks_->came_after(begun); })) fail("no tick arrives");
  }

  void planned(int switches) {
    for (int i = 0; i < switches; ++i) {
      const std::string to = i % 2 == 0 ? "gateway" : "direct";
      rest();
      const auto begun = now();
      if (!world_.switch_to(to)) fail("no way to " + to + " mode");
      rest();
      say("planned, to " + to + " mode", ticks_->longest_pause_ms(begun, now()), kPlannedGoalMs);
    }
  }
  /// The interface goes down: the kernel says so, and the loss is seen at once.
  void interface_down(int times) {
    for (int i = 0; i < times; ++i) {
      direct_again();
      const auto begun = now();
      world_.hosts().device.ip({"link", "set", "bb", "down"});
      if (!world_.await_path("gateway")) fail("the loss of broadband was not seen");
      rest();
      say("unplanned, interface down", ticks_->longest_pause_ms(begun, now()), kUnplannedGoalMs);
      world_.hosts().device.ip({"link", "set", "bb", "up"});
    }
  }

 private:
  void say(const std::string& kind, double ms, double goal) {
    report_({{"part", "stall"},
             {"stall", kind},
             {"ms", ms},
             {"goal_ms", goal},
             {"round_trip_ms", kRoundTripMs},
             {"impaired_by", world_.hosts().broadband.impaired_by()}});
  }
  void rest() {
    std::this_thread::sleep_for(kCalm);
    ticks_->read();
  }
  void direct_again() {
    world_.device({"mode", "prefer-direct"});
    if (!world_.await_path("direct", 60s)) fail("direct mode does not come back");
    rest();
  }
  [[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + "\n" + world_.status() + "\n" + world_.last_words());
  }

  std::function<void(const nlohmann::json&)> report_;
  test::HostWorld world_;
  std::filesystem::path programs_;
  std::optional<cli::ChildProcess> source_;
  std::optional<Ticks> ticks_;
};

}  // namespace

void measure_stalls(const std::filesystem::path& programs, int switches,
                    const std::function<void(const nlohmann::json&)>& report) {
  Stalls stalls(programs, report);
  stalls.planned(switches);
  stalls.interface_down(std::max(1, switches / 4));
}

}  // namespace cpns::bench
