#pragma once
// What `cpns demo --modes` shows, for people or as one JSON object a line.

#include <iosfwd>
#include <memory>

#include "cli/demo/modes_script.hpp"
#include "cli/demo/world.hpp"
#include "cli/terminal.hpp"

namespace cpns::cli {

/// Of the download and of the device that it goes through.
struct ModesMoment {
  double seconds = 0;  ///< since the download began
  std::uint64_t bytes = 0;
  std::uint64_t size = 0;
  std::string state;                  ///< the mode, as the running device tells it
  std::string cause;                  ///< why it changed last
  std::vector<std::string> links_up;  ///< "direct", "gateway"
};

struct ModesOutcome {
  ModesMoment last;
  std::string sha256;
  std::uint64_t switches = 0;
  double longest_planned_ms = 0;    ///< no bytes for so long, where the switch was wanted
  double longest_unplanned_ms = 0;  ///< and where a link was lost
};

class ModesView {
 public:
  virtual ~ModesView() = default;
  virtual void started(World& world, const ModesMoment& now) = 0;
  virtual void progress(const ModesMoment& now) = 0;  ///< many times a second
  virtual void acted(const ModesMoment& now, const Act& act) = 0;
  virtual void changed(const ModesMoment& now) = 0;  ///< state and cause are new
  /// The act has had its effect; the longest pause between two arrivals since it.
  virtual void settled(const ModesMoment& now, const Act& act, double stood_still_ms) = 0;
  virtual void ended(const ModesOutcome& outcome, double took, const std::string& kept_folder) = 0;
};

[[nodiscard]] std::unique_ptr<ModesView> make_modes_text_view(std::ostream& out, Terminal terminal);
[[nodiscard]] std::unique_ptr<ModesView> make_modes_json_view(std::ostream& out);

}  // namespace cpns::cli
