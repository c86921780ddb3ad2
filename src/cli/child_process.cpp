#include "cli/child_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

namespace cpns::cli {
namespace {

constexpr auto kEndPoll = std::chrono::milliseconds(2);

struct Pipe {
  int read = -1;
  int write = -1;
};

std::optional<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{ends[0], ends[1]};
}

void close_if_open(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

// What the child needs, all of it made before the fork: between fork and exec only async-signal-safe calls are allowed.
struct Plan {
  const char* program;
  char* const* arguments;
  const char* output;
  const char* errors;
  int output_pipe;
  int report;
  pid_t parent;
};

[[noreturn]] void fail(const Plan& plan) {
  const int cause = errno;
  [[maybe_unused]] const auto written = ::write(plan.report, &cause, sizeof cause);
  ::_exit(127);
}

void redirect(const Plan& plan, const char* path, int flags, int onto) {
  const int descriptor = ::open(path, flags | O_CLOEXEC, 0600);
  if (descriptor < 0 || ::dup2(descriptor, onto) < 0) fail(plan);
}

[[noreturn]] void become(const Plan& plan) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(127);  // the parent was gone before it could be noticed
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  redirect(plan, "/dev/null", O_RDONLY, STDIN_FILENO);
  if (plan.output_pipe >= 0) {
    if (::dup2(plan.output_pipe, STDOUT_FILENO) < 0) fail(plan);
  } else {
    redirect(plan, plan.output, O_WRONLY | O_CREAT | O_APPEND, STDOUT_FILENO);
  }
  redirect(plan, plan.errors, O_WRONLY | O_CREAT | O_APPEND, STDERR_FILENO);
  // Sockets of a relay in this process are not all close-on-exec: a child that held one would keep alive a connection
  // that the relay has closed.
  if (::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) fail(plan);
  ::execv(plan.program, plan.arguments);
  fail(plan);
}

ExitStatus to_status(int raw) {
  if (WIFSIGNALED(raw)) return {0, WTERMSIG(raw)};
  return {WEXITSTATUS(raw), 0};
}

}  // namespace

std::string ExitStatus::text() const {
  return signal != 0 ? "signal " + std::to_string(signal) : "exit status " + std::to_string(code);
}

Result<ChildProcess> ChildProcess::start(const Options& options) {
  if (::access(options.program.c_str(), X_OK) != 0) {
    return Error{Code::program_missing, options.program.string(), "an executable file"};
  }
  auto report = make_pipe();
  if (!report) return Error{Code::program_not_started, std::strerror(errno), "a pipe"};
  std::optional<Pipe> output;
  if (options.pipe_output && !(output = make_pipe())) {
    const std::string cause = std::strerror(errno);
    close_if_open(report->read);
    close_if_open(report->write);
    return Error{Code::program_not_started, cause, "a pipe"};
  }
  std::vector<std::string> words{options.program.string()};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string output_path = options.output.empty() ? "/dev/null" : options.output.string();
  const std::string errors_path = options.errors.empty() ? "/dev/null" : options.errors.string();
  const Plan plan{words.front().c_str(),       arguments.data(), output_path.c_str(), errors_path.c_str(),
                  output ? output->write : -1, report->write,    ::getpid()};

  const pid_t pid = ::fork();
  if (pid == 0) become(plan);
  const int fork_cause = errno;
  close_if_open(report->write);
  if (output) close_if_open(output->write);
  int cause = pid < 0 ? fork_cause : 0;
  if (pid > 0 && ::read(report->read, &cause, sizeof cause) != sizeof cause) cause = 0;  // closed by exec: it runs
  close_if_open(report->read);
  if (cause != 0) {
    if (output) close_if_open(output->read);
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    return Error{Code::program_not_started, words.front() + ": " + std::strerror(cause), "a running process"};
  }
  return ChildProcess(pid, output ? output->read : -1);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pipe_(std::exchange(other.pipe_, -1)), ended_(other.ended_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    release();
    pid_ = std::exchange(other.pid_, -1);
    pipe_ = std::exchange(other.pipe_, -1);
    ended_ = other.ended_;
  }
  return *this;
}

ChildProcess::~ChildProcess() { release(); }

void ChildProcess::release() {
  if (pid_ > 0) kill();
  close_if_open(pipe_);
}

std::optional<ExitStatus> ChildProcess::poll() {
  if (ended_ || pid_ <= 0) return ended_;
  int raw = 0;
  if (::waitpid(pid_, &raw, WNOHANG) == pid_) ended_ = to_status(raw);
  return ended_;
}

std::optional<ExitStatus> ChildProcess::wait(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!poll() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(kEndPoll);
  return ended_;
}

void ChildProcess::signal(int number) {
  if (!poll() && pid_ > 0) ::kill(pid_, number);
}

ExitStatus ChildProcess::end(std::chrono::milliseconds grace) {
  signal(SIGTERM);
  if (const auto status = wait(grace)) return *status;
  return kill();
}

ExitStatus ChildProcess::kill() {
  signal(SIGKILL);
  int raw = 0;
  if (!ended_ && ::waitpid(pid_, &raw, 0) == pid_) ended_ = to_status(raw);
  return ended_.value_or(ExitStatus{});
}

Result<std::filesystem::path> program_beside_this_one(const std::string& name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto path = self.parent_path() / name;
  if (error || ::access(path.c_str(), X_OK) != 0) return Error{Code::program_missing, path.string(), name};
  return path;
}

}  // namespace cpns::cli
