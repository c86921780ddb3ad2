#pragma once
// What every program does before it touches a secret. [K2]

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "runtime/asio.hpp"

namespace cpns::runtime {

class Log;

/// Protections of this process: memory for secrets that is locked and kept out of core dumps, no core dumps, no
/// tracing by others, no new privileges, umask 077, SIGPIPE ignored, as many open files as the hard limit allows; a
/// program that gets no memory any more ends (end_for_want_of_memory).
/// Call once, first in main(), before any thread. What could not be had but can be done without is returned as
/// events to log; fails with `secure_memory_unavailable` where the memory itself can't be had.
struct Protection {
  struct Warning {
    Code code;
    std::string got;
  };
  std::vector<Warning> warnings;
};
[[nodiscard]] Result<Protection> protect_process();
/// Logs the warnings of protect_process().
void log_warnings(Log& log, const Protection& protection);

/// Overwrites an argument, so that a secret given there does not stay visible to `ps`. `argument` points into argv.
void wipe_argument(char* argument) noexcept;

/// SIGTERM and SIGINT, from when it is made: made before a program can be seen to run, it misses none. The first one
/// ends wait(), with its number; a second one ends the program as usual. On the loop's thread.
class StopSignal {
 public:
  explicit StopSignal(const asio::any_io_executor& executor) : signals_(executor, SIGTERM, SIGINT) {}
  [[nodiscard]] Task<int> wait();

 private:
  asio::signal_set signals_;
};

/// The same, from now on.
[[nodiscard]] Task<int> stop_signal();

}  // namespace cpns::runtime
