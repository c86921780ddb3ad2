#pragma once
// The state of a running device, as `cpns-device status --watch --json` tells it. Not thread-safe.

#include "cli/demo/world.hpp"

namespace cpns::cli {

class ModeWatch {
 public:
  struct Change {
    std::string state;
    std::string cause;
    std::vector<std::string> links_up;
    std::uint64_t switches = 0;
  };

  /// Waits until the device answers, at most 10 s; fails with `program_ended_early`, `wait_timed_out` or `interrupted`.
  [[nodiscard]] static Result<ModeWatch> start(World& world);

  /// To be waited for; read_new() then does not block.
  [[nodiscard]] int descriptor() const noexcept { return tool_.output_pipe(); }
  /// What it has told since, in order. Fails with `program_ended_early` where it has ended, or told what is no status.
  [[nodiscard]] Result<std::vector<Change>> read_new();

 private:
  explicit ModeWatch(ChildProcess tool) : tool_(std::move(tool)) {}
  ChildProcess tool_;
  std::string held_;  ///< a line that is not whole yet
};

}  // namespace cpns::cli
