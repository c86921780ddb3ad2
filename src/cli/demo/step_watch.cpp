#include "cli/demo/step_watch.hpp"

#include <algorithm>

namespace cpns::cli {

using assign::LinkKind;
using assign::Party;

Direction direction_of(const assign::StepInfo& info) {
  const Party opener = info.link == LinkKind::Operator ? Party::PnGw : Party::CmDevice;
  return info.from == opener ? Direction::Forth : Direction::Back;
}

std::vector<SeenStep> StepWatch::take(const std::vector<World::Event>& events) {
  for (const auto& [party, line] : events) {
    const auto step = line.number("step");
    if (!line.is("step_done") || !step || *step < 0 || *step >= static_cast<std::int64_t>(assign::kSteps.size()))
      continue;
    const auto index = static_cast<std::size_t>(*step);
    if (index < next_ || assign::kSteps[index].reported_by != party) continue;
    reports_.try_emplace(index, Report{line.number("mono_us").value_or(0), line.string("run")});
  }
  std::vector<SeenStep> steps;
  for (auto found = reports_.find(next_); found != reports_.end(); found = reports_.find(++next_)) {
    steps.push_back(look(assign::kSteps[next_], found->second));
  }
  return steps;
}

SeenStep StepWatch::look(const assign::StepInfo& info, const Report& report) {
  if (next_ == 0) first_us_ = report.at_us;
  SeenStep step{&info, static_cast<double>(report.at_us - first_us_) / 1000, report.run, std::nullopt};
  if (auto* relay = world_.link(info.link)) {
    step.wire = relay->capture().seen(direction_of(info), last_us_, report.at_us);
  }
  last_us_ = std::max(last_us_, report.at_us);
  return step;
}

}  // namespace cpns::cli
