#include "cli/demo/step_watch.hpp"

#include <algorithm>

namespace cpns::cli {

using assign::LinkKind;
using assign::Party;

namespace {
constexpr std::uint8_t kEncryptedRecord = 23;  // application_data, RFC 8446 section 5.1
}  // namespace

Direction direction_of(const assign::StepInfo& info) {
  const Party opener = info.link == LinkKind::Operator ? Party::PnGw : Party::CmDevice;
  return info.from == opener ? Direction::Forth : Direction::Back;
}

StepWatch::StepWatch(World& world) : world_(world) {
  for (const auto kind : {LinkKind::Operator, LinkKind::Pan, LinkKind::Direct}) {
    for (const auto direction : {Direction::Forth, Direction::Back}) {
      next_record_[{kind, direction}] = world.link(kind)->capture().place();
    }
  }
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
  for (; can_show(next_); ++next_) steps.push_back(look(assign::kSteps[next_]));
  return steps;
}

// The device says that step 14 is done when its handshake is over; what the server sends after step 15 may be on the
// wire by then. Therefore step 14 waits for the report of step 15.
bool StepWatch::can_show(std::size_t step) const {
  const bool waits = step == static_cast<std::size_t>(assign::Step::ServerFinished);
  return reports_.contains(step) && (!waits || reports_.contains(step + 1));
}

SeenStep StepWatch::look(const assign::StepInfo& info) {
  const auto& report = reports_.at(next_);
  if (next_ == 0) first_us_ = report.at_us;
  // A step was done before the one after it, whoever was quicker to say so.
  auto at_us = report.at_us;
  if (const auto later = reports_.find(next_ + 1); later != reports_.end())
    at_us = std::min(at_us, later->second.at_us);
  SeenStep step{&info, static_cast<double>(at_us - first_us_) / 1000, report.run, std::nullopt};
  if (auto* relay = world_.link(info.link)) {
    const auto direction = direction_of(info);
    // The device sends its LinkHello right behind its Finished: the first encrypted record is step 15, the rest is 16.
    const std::uint8_t last_type = info.step == assign::Step::ClientFinished ? kEncryptedRecord : 0;
    step.wire = relay->capture().seen(direction, next_record_.at({info.link, direction}), at_us, last_type);
  }
  if (next_ == 0) skip(at_us);
  return step;
}

// The handshakes that had to come first are no step's.
void StepWatch::skip(std::int64_t until_us) {
  for (auto& [at, next_record] : next_record_) {
    (void)world_.link(at.first)->capture().seen(at.second, next_record, until_us);
  }
}

}  // namespace cpns::cli
