#pragma once
// A process of its own that uses a store; see child_main.cpp for what it can do.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

extern char** environ;

namespace cpns::store::testing {

class Child {
 public:
  Child(const std::string& act, const std::filesystem::path& file) {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::string program = CPNS_STORE_CHILD, verb = act, path = file.string();
    char* arguments[] = {program.data(), verb.data(), path.data(), nullptr};
    const int failed = ::posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
    if (failed != 0) throw std::runtime_error("posix_spawn");
  }
  ~Child() {
    kill_now();
    ::close(to_);
    ::close(from_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// One line of what the child says; empty at its end.
  std::string line() {
    std::string text;
    char c = 0;
    while (::read(from_, &c, 1) == 1) {
      if (c == '\n') return text;
      text.push_back(c);
    }
    return {};
  }
  void say(const std::string& text) {
    const auto whole = text + "\n";
    if (::write(to_, whole.data(), whole.size()) < 0) throw std::runtime_error("write to child");
  }
  /// SIGKILL; what it had said before can still be read.
  void kill_now() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  /// Its exit status.
  int wait() {
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t process_ = 0;
  int to_ = -1, from_ = -1;
};

}  // namespace cpns::store::testing
