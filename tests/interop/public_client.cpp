#include "public_client.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <map>
#include <sstream>
#include <utility>

namespace cpns::interop {
namespace {

using Clock = std::chrono::steady_clock;

std::string find_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto candidate = std::filesystem::path(folder) / program;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  const std::map<std::string, std::string> packages{{"openssl", "openssl"},   {"gnutls-cli", "gnutls-bin"},
                                                    {"node", "nodejs"},       {"stunnel", "stunnel4"},
                                                    {"stunnel4", "stunnel4"}, {"curl", "curl"}};
  const auto package = packages.find(program);
  ADD_FAILURE() << program << " is missing: apt-get install "
                << (package == packages.end() ? program : package->second);
  return {};
}

int milliseconds_to(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

[[noreturn]] void become(const std::string& program, const std::vector<std::string>& arguments, int input, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  ::_exit(127);
}

}  // namespace

RunningClient::RunningClient(const ClientRun& run) : run_(run) {
  const auto program = find_in_path(run.program);
  if (program.empty()) return;
  ::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
  pid_ = ::fork();
  if (pid_ == 0) become(program, run_.arguments, in[0], out[1]);
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  output_ = out[0];
  // Far less than a pipe holds, so that this does not wait for the program.
  EXPECT_EQ(::write(input_, run_.input.data(), run_.input.size()), static_cast<ssize_t>(run_.input.size()));
}

RunningClient::~RunningClient() {
  close_input();
  if (output_ >= 0) ::close(output_);
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void RunningClient::close_input() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

// False at the end of the output, or when the time is over.
bool RunningClient::read_some(Clock::time_point end) {
  pollfd waiting{output_, POLLIN, 0};
  if (output_ < 0 || ::poll(&waiting, 1, milliseconds_to(end)) <= 0) return false;
  std::array<char, 4096> piece{};
  const auto size = ::read(output_, piece.data(), piece.size());
  if (size <= 0) return false;
  collected_.append(piece.data(), static_cast<std::size_t>(size));
  return true;
}

std::string RunningClient::read_until(const std::function<bool(const std::string&)>& enough) {
  const auto end = Clock::now() + run_.limit;
  while (!enough(collected_) && read_some(end)) {
  }
  EXPECT_TRUE(enough(collected_)) << run_.program << " said:\n" << collected_;
  return collected_;
}

ClientResult run_client(const ClientRun& run) {
  RunningClient client(run);
  ClientResult result;
  if (client.pid_ < 0) return result;
  const auto end = Clock::now() + run.limit;
  do {
    if (client.collected_.find(run.until) != std::string::npos) client.close_input();  // at once where it is empty
  } while (client.read_some(end));
  result.timed_out = milliseconds_to(end) == 0;
  if (result.timed_out) ::kill(client.pid_, SIGKILL);
  int status = 0;
  ::waitpid(std::exchange(client.pid_, -1), &status, 0);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  result.output = client.collected_;
  return result;
}

}  // namespace cpns::interop
