#pragma once
// The commands of `cpns`.

#include <CLI/CLI.hpp>
#include <iosfwd>

#include "core/base/result.hpp"

namespace cpns::cli {

/// What every command is given: where it writes, and the exit status that it leaves.
struct Console {
  std::ostream& out;
  std::ostream& err;
  int status = 0;

  /// Shows an error with its cause and what to do, or as one JSON object on `out`; the exit status becomes 1.
  void fail(const Error& error, bool json);
};

// Each adds its command, with help and an example, to the program.
void add_demo(CLI::App& app, Console& console);
void add_explain(CLI::App& app, Console& console);
void add_vectors(CLI::App& app, Console& console);
void add_status(CLI::App& app, Console& console);
void add_gateway(CLI::App& app, Console& console);
void add_key(CLI::App& app, Console& console);
void add_token(CLI::App& app, Console& console);
void add_device(CLI::App& app, Console& console);

/// Commands of a program that has more than this folder does.
using AddCommands = void (*)(CLI::App& app, Console& console);

/// Runs one command line and returns the exit status: 0 done, 1 failed, 2 wrong options.
[[nodiscard]] int run_program(int argc, const char* const* argv, std::ostream& out, std::ostream& err,
                              AddCommands more = nullptr);

}  // namespace cpns::cli
