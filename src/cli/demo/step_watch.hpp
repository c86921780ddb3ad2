#pragma once
// Puts the steps of one run in order, from three logs that are read one after the other, and sets beside each what a
// listener on the wire had seen by then.

#include <map>
#include <optional>

#include "cli/demo/world.hpp"

namespace cpns::cli {

/// One step as it happened.
struct SeenStep {
  const assign::StepInfo* info;
  double ms;                          ///< since step 0
  std::string run;                    ///< correlation id
  std::optional<Capture::Seen> wire;  ///< on its link, in its direction, since it was last shown; none: a step inside
};

class StepWatch {
 public:
  /// Nothing that has passed before counts.
  explicit StepWatch(World& world);

  /// Takes log lines; gives the steps that are next, in order of their number.
  [[nodiscard]] std::vector<SeenStep> take(const std::vector<World::Event>& events);
  [[nodiscard]] bool complete() const { return next_ == assign::kSteps.size(); }
  [[nodiscard]] std::size_t next() const { return next_; }

 private:
  struct Report {
    std::int64_t at_us;
    std::string run;
  };
  [[nodiscard]] bool can_show(std::size_t step) const;
  [[nodiscard]] SeenStep look(const assign::StepInfo& info);
  void skip(std::int64_t until_us);

  World& world_;
  std::map<std::size_t, Report> reports_;
  std::size_t next_ = 0;
  std::int64_t first_us_ = 0;
  std::map<std::pair<assign::LinkKind, Direction>, std::size_t> next_record_;
};

/// Seen from the side that opened the link: the PN GW opens the operator link, the device the two others.
[[nodiscard]] Direction direction_of(const assign::StepInfo& info);

}  // namespace cpns::cli
