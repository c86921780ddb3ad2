// The filter of system calls, in processes of their own: there is no way back out of it.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <set>
#include <thread>

#include "runtime/sandbox.hpp"

namespace cpns::runtime {
namespace {

/// How a child ends that enters the sandbox and then acts: exit status, or minus the signal.
int in_sandbox(const std::function<int()>& act, SandboxOptions options = {}) {
  const auto child = ::fork();
  if (child == 0) {
    if (!enter_sandbox(options)) ::_exit(99);
    ::_exit(act());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int errno_of(long result) { return result < 0 ? errno : 0; }

TEST(Sandbox, when_a_program_is_started_traced_or_mounted_then_the_process_ends) {
  EXPECT_EQ(in_sandbox([] {
              char program[] = "/bin/true";
              char* arguments[] = {program, nullptr};
              ::execv(program, arguments);
              return 0;
            }),
            -SIGSYS);
  EXPECT_EQ(in_sandbox([] { return static_cast<int>(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }), -SIGSYS);
  EXPECT_EQ(in_sandbox([] { return static_cast<int>(::syscall(SYS_mount, "", "/", "", 0, nullptr)); }), -SIGSYS);
  EXPECT_EQ(in_sandbox([] { return static_cast<int>(::syscall(SYS_setuid, 0)); }), -SIGSYS);
}

TEST(Sandbox, when_a_call_is_not_in_the_list_then_it_fails_and_the_process_lives) {
  EXPECT_EQ(in_sandbox([] { return errno_of(::syscall(SYS_kill, ::getppid(), 0)); }), EPERM);
  EXPECT_EQ(in_sandbox([] { return errno_of(::syscall(SYS_io_uring_setup, 1, nullptr)); }), EPERM);
  EXPECT_EQ(in_sandbox([] { return errno_of(::fork()); }), EPERM);
  EXPECT_EQ(in_sandbox([] { return errno_of(::symlink("a", "/tmp/never")); }), EPERM);
}

TEST(Sandbox, when_a_socket_is_of_another_family_then_there_is_none) {
  EXPECT_EQ(in_sandbox([] { return errno_of(::socket(AF_PACKET, SOCK_RAW, 0)); }), EPERM);
  EXPECT_EQ(in_sandbox([] { return errno_of(::socket(AF_VSOCK, SOCK_STREAM, 0)); }), EPERM);
  for (const int family : {AF_INET, AF_INET6, AF_UNIX}) {
    EXPECT_EQ(in_sandbox([=] { return errno_of(::socket(family, SOCK_STREAM, 0)); }), 0) << family;
  }
}

TEST(Sandbox, when_memory_would_become_executable_then_it_does_not_unless_modules_are_loaded) {
  const auto map = [] {
    return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
  };
  EXPECT_EQ(in_sandbox(map), EPERM);
  EXPECT_EQ(in_sandbox(map, {.enabled = true, .load_modules = true}), 0);
}

TEST(Sandbox, when_it_is_entered_then_threads_of_before_and_after_are_inside) {
  EXPECT_EQ(in_sandbox([] {
              int code = 0;
              std::thread([&] { code = errno_of(::socket(AF_PACKET, SOCK_RAW, 0)); }).join();
              return code;
            }),
            EPERM);
  const auto child = ::fork();
  if (child == 0) {
    std::atomic<bool> go{false};
    std::atomic<int> code{-1};
    std::thread before([&] {
      while (!go) std::this_thread::yield();
      code = errno_of(::socket(AF_PACKET, SOCK_RAW, 0));
    });
    const bool entered = enter_sandbox({}).ok();
    go = true;
    before.join();
    ::_exit(entered ? code.load() : 99);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), EPERM);
}

TEST(Sandbox, when_it_is_switched_off_then_nothing_is_filtered) {
  EXPECT_EQ(in_sandbox([] { return errno_of(::syscall(SYS_kill, ::getpid(), 0)); }, {.enabled = false}), 0);
}

TEST(Sandbox, when_the_list_is_read_then_each_name_stands_once_and_each_group_says_why) {
  std::set<std::string_view> seen;
  for (const auto& group : allowed_calls()) {
    EXPECT_FALSE(group.why.empty());
    for (const auto name : group.names) EXPECT_TRUE(seen.insert(name).second) << name;
  }
  for (const auto* never : {"execve", "ptrace", "kill", "mount", "clone", "socket", "mmap", "fork", "symlink"}) {
    EXPECT_FALSE(seen.contains(never)) << never;
  }
}

TEST(BecomeUser, when_root_becomes_somebody_then_there_is_no_way_back) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto child = ::fork();
  if (child == 0) {
    const bool became = become_user("nobody").ok();
    const bool back = ::setuid(0) == 0 || ::seteuid(0) == 0;
    ::_exit(became && !back && ::getuid() != 0 && ::getgroups(0, nullptr) <= 1 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(BecomeUser, when_there_is_no_such_user_or_no_right_then_it_says_so) {
  const auto refused = become_user("no-such-user-here");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::user_not_changed);
  EXPECT_TRUE(become_user("").ok());
}

}  // namespace
}  // namespace cpns::runtime
