#pragma once
// A program started as a child: its output goes to files, its end is waited for by process id, and it never outlives
// the object (nor this process: the kernel ends it when the starting thread is gone). Used by `cpns demo` and by the
// tests with real processes. Not thread-safe; start and destroy on one thread that lives as long as the child should.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace cpns::cli {

/// How a process ended.
struct ExitStatus {
  int code = 0;    ///< exit status; 0 where a signal ended it
  int signal = 0;  ///< 0 where it ended by itself
  [[nodiscard]] bool clean() const noexcept { return code == 0 && signal == 0; }
  [[nodiscard]] std::string text() const;  ///< "exit status 1", "signal 9"
};

class ChildProcess {
 public:
  struct Options {
    std::filesystem::path program;
    std::vector<std::string> arguments;  ///< without the program's name; never a secret: other users can read it
    std::filesystem::path output;        ///< standard output is appended here; empty: discarded, or piped
    std::filesystem::path errors;        ///< standard error is appended here; empty: discarded
    bool pipe_output = false;            ///< standard output can be read from `output_pipe()`
  };

  /// Fails with `program_missing` or `program_not_started`. The child has a process group of its own, so that Ctrl-C
  /// reaches its parent alone, which then ends it in order.
  [[nodiscard]] static Result<ChildProcess> start(const Options& options);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// SIGKILL, and reaps. End it with `end()` where it should have time to end well.
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] int output_pipe() const noexcept { return pipe_; }  ///< -1 where there is none
  /// Its end, once it has ended.
  [[nodiscard]] std::optional<ExitStatus> poll();
  /// Waits for its end, at most `limit`.
  [[nodiscard]] std::optional<ExitStatus> wait(std::chrono::milliseconds limit);
  /// Sends a signal; nothing happens to one that has ended.
  void signal(int number);
  /// SIGTERM, then SIGKILL for one that has not ended within `grace`; returns how it ended.
  ExitStatus end(std::chrono::milliseconds grace);
  /// SIGKILL at once; returns when it is gone.
  ExitStatus kill();

 private:
  ChildProcess(pid_t pid, int pipe) : pid_(pid), pipe_(pipe) {}
  void release();
  pid_t pid_;
  int pipe_;
  std::optional<ExitStatus> ended_{};
};

/// The program `name` beside the one that runs now. Fails with `program_missing`.
[[nodiscard]] Result<std::filesystem::path> program_beside_this_one(const std::string& name);

}  // namespace cpns::cli
