#pragma once
// Runs an Activation on a virtual clock: does what it is told at once, and remembers it as text.

#include <algorithm>
#include <string>
#include <vector>

#include "core/activation/activation.hpp"

namespace cpns::activation::test {

inline std::string text_of(const Action& action) {
  const std::string path(name_of(action.path));
  switch (action.kind) {
    case Action::Kind::Open:
      return "open " + path;
    case Action::Kind::Prefer:
      return "prefer " + path;
    case Action::Kind::Finish:
      return "finish " + path;
    case Action::Kind::Abort:
      return "abort " + path;
    case Action::Kind::Probe:
      return "probe " + path;
    case Action::Kind::Report:
      return "-> " + std::string(name_of(action.transition->to));
  }
  return "?";
}

struct Keeper {
  explicit Keeper(Policy policy = {}) : activation(policy) {}

  /// What was done because of it.
  std::vector<std::string> give(const Event& event) {
    done.clear();
    for (const auto& action : activation.on(event, now, random)) {
      done.push_back(text_of(action));
      all.push_back(action);
    }
    return done;
  }
  std::vector<std::string> give(On on) { return give(Event{.on = on}); }

  /// Lets time pass, with TimerDue whenever it is due; what was done meanwhile.
  std::vector<std::string> pass(Millis span) {
    std::vector<std::string> meanwhile;
    const auto end = now + span;
    for (int rounds = 0; rounds < 10'000; ++rounds) {
      const auto due = activation.deadline();
      if (!due || *due > end) break;
      now = std::max(now, *due);
      const auto now_done = give(On::TimerDue);
      meanwhile.insert(meanwhile.end(), now_done.begin(), now_done.end());
    }
    now = end;
    return meanwhile;
  }

  void pair_and_assign() {
    give(On::Paired);
    give(On::Assigned);
  }
  /// Both links up, the first choice in use.
  void bring_up_both() {
    pair_and_assign();
    give(On::GatewayUp);
    give(On::DirectUp);
    give(On::Settled);
  }

  Activation activation;
  Millis now{1'000'000};
  std::uint16_t random = 0xffff;
  std::vector<std::string> done;
  std::vector<Action> all;
};

}  // namespace cpns::activation::test
