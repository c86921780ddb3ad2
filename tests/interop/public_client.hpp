#pragma once
// Programs of others, unchanged, as children of a test: found in PATH, fed, read and ended within a limit.

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace cpns::interop {

struct ClientRun {
  std::string program;  ///< found in PATH
  std::vector<std::string> arguments;
  std::string input{};  ///< written to its standard input
  std::string until{};  ///< its standard input is closed once its output holds this; at once if empty
  std::chrono::milliseconds limit = std::chrono::seconds(20);
};

struct ClientResult {
  int exit_code = -1;  ///< -1 where a signal or the limit ended it
  bool timed_out = false;
  std::string output;  ///< standard output and standard error as they came

  [[nodiscard]] bool holds(const std::string& text) const { return output.find(text) != std::string::npos; }
};

/// Runs it to its end. A program that is missing fails the test and names the Debian package that has it.
[[nodiscard]] ClientResult run_client(const ClientRun& run);

/// A program that goes on running beside the test, such as a proxy. `errors` is where its output is collected.
class RunningClient {
 public:
  explicit RunningClient(const ClientRun& run);
  ~RunningClient();
  RunningClient(const RunningClient&) = delete;
  RunningClient& operator=(const RunningClient&) = delete;

  /// Reads on until the output satisfies `enough`, or the limit of the run has passed; the output so far.
  [[nodiscard]] std::string read_until(const std::function<bool(const std::string& output)>& enough);

 private:
  friend ClientResult run_client(const ClientRun& run);
  bool read_some(std::chrono::steady_clock::time_point end);
  void close_input();

  ClientRun run_;
  int pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string collected_;
};

}  // namespace cpns::interop
