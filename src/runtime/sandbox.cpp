#include "runtime/sandbox.hpp"

#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/log.hpp"

namespace cpns::runtime {
namespace {

using Names = std::string_view;

constexpr std::array kDataCalls = {Names("read"),    Names("write"),    Names("readv"),  Names("writev"),
                                   Names("pread64"), Names("pwrite64"), Names("splice"), Names("sendfile"),
                                   Names("lseek"),   Names("close"),    Names("fcntl"),  Names("pipe2"),
                                   Names("dup"),     Names("eventfd2")};
constexpr std::array kSocketsCalls = {
    Names("bind"),        Names("listen"),      Names("accept"),     Names("accept4"),    Names("connect"),
    Names("getsockname"), Names("getpeername"), Names("getsockopt"), Names("setsockopt"), Names("sendto"),
    Names("recvfrom"),    Names("sendmsg"),     Names("recvmsg"),    Names("sendmmsg"),   Names("recvmmsg"),
    Names("shutdown"),    Names("ioctl")};
constexpr std::array kWaitingCalls = {Names("poll"),
                                      Names("ppoll"),
                                      Names("select"),
                                      Names("pselect6"),
                                      Names("epoll_create1"),
                                      Names("epoll_ctl"),
                                      Names("epoll_wait"),
                                      Names("epoll_pwait"),
                                      Names("timerfd_create"),
                                      Names("timerfd_settime"),
                                      Names("timerfd_gettime"),
                                      Names("nanosleep"),
                                      Names("clock_nanosleep"),
                                      Names("restart_syscall"),
                                      Names("signalfd4")};
constexpr std::array kFilesCalls = {Names("open"),      Names("openat"),     Names("stat"),       Names("fstat"),
                                    Names("lstat"),     Names("newfstatat"), Names("statx"),      Names("statfs"),
                                    Names("fstatfs"),   Names("access"),     Names("faccessat"),  Names("faccessat2"),
                                    Names("readlink"),  Names("readlinkat"), Names("getdents64"), Names("getcwd"),
                                    Names("ftruncate"), Names("fallocate"),  Names("fadvise64"),  Names("fsync"),
                                    Names("fdatasync"), Names("flock"),      Names("rename"),     Names("renameat"),
                                    Names("renameat2"), Names("unlink"),     Names("unlinkat"),   Names("mkdir"),
                                    Names("mkdirat"),   Names("rmdir"),      Names("chmod"),      Names("fchmod"),
                                    Names("fchmodat"),  Names("fchown"),     Names("umask"),      Names("utimensat")};
constexpr std::array kMemoryCalls = {Names("brk"),        Names("munmap"), Names("mremap"),  Names("madvise"),
                                     Names("mlock"),      Names("mlock2"), Names("munlock"), Names("mincore"),
                                     Names("membarrier"), Names("msync")};
constexpr std::array kThreadsCalls = {Names("futex"),
                                      Names("set_robust_list"),
                                      Names("get_robust_list"),
                                      Names("rseq"),
                                      Names("set_tid_address"),
                                      Names("sched_yield"),
                                      Names("sched_getaffinity"),
                                      Names("gettid"),
                                      Names("getpid"),
                                      Names("getppid"),
                                      Names("exit"),
                                      Names("exit_group"),
                                      Names("tgkill"),
                                      Names("rt_sigaction"),
                                      Names("rt_sigprocmask"),
                                      Names("rt_sigreturn"),
                                      Names("rt_sigtimedwait"),
                                      Names("sigaltstack"),
                                      Names("setpriority"),
                                      Names("getpriority"),
                                      Names("sched_setattr"),
                                      Names("sched_getattr")};
constexpr std::array kSelfCalls = {
    Names("getuid"),        Names("geteuid"),      Names("getgid"),       Names("getegid"), Names("prlimit64"),
    Names("getrlimit"),     Names("getrusage"),    Names("sysinfo"),      Names("uname"),   Names("getrandom"),
    Names("clock_gettime"), Names("clock_getres"), Names("gettimeofday"), Names("time"),    Names("times")};
constexpr std::array kKeyringCalls = {Names("keyctl"), Names("add_key"), Names("request_key")};

constexpr std::array kAllowedCalls = {
    AllowedCalls{"bytes in and out", kDataCalls},
    AllowedCalls{"sockets that are there; socket() itself is limited by family", kSocketsCalls},
    AllowedCalls{"waiting for them, and for time", kWaitingCalls},
    AllowedCalls{"the folder of the program: store, journal, log, keys", kFilesCalls},
    AllowedCalls{"memory; mmap() and mprotect() themselves are limited", kMemoryCalls},
    AllowedCalls{"threads of the store, signals", kThreadsCalls},
    AllowedCalls{"who and how large this process is, time, randomness", kSelfCalls},
    AllowedCalls{"the machine's sealing key", kKeyringCalls},
};

/// Nobody but an intruder has a use for these.
constexpr std::array kDeadlyCalls = {"execve",
                                     "execveat",
                                     "ptrace",
                                     "process_vm_readv",
                                     "process_vm_writev",
                                     "mount",
                                     "umount2",
                                     "pivot_root",
                                     "chroot",
                                     "setns",
                                     "unshare",
                                     "bpf",
                                     "kexec_load",
                                     "init_module",
                                     "finit_module",
                                     "delete_module",
                                     "open_by_handle_at",
                                     "userfaultfd",
                                     "perf_event_open",
                                     "personality",
                                     "setuid",
                                     "setgid",
                                     "setresuid",
                                     "setresgid",
                                     "setgroups",
                                     "fork",
                                     "vfork"};

constexpr std::array kFamiliesCalls = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

/// libseccomp's codes are negative errno values. A call that this architecture does not have needs no rule.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  void allow(std::string_view name) { add(SCMP_ACT_ALLOW, std::string(name).c_str(), {}); }
  void deadly(const char* name) { add(SCMP_ACT_KILL_PROCESS, name, {}); }
  void allow_if(const char* name, const scmp_arg_cmp& condition) { add(SCMP_ACT_ALLOW, name, {&condition, 1}); }
  [[nodiscard]] int failed() const { return failed_; }

 private:
  void add(std::uint32_t action, const char* name, std::span<const scmp_arg_cmp> conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || number < 0) return;
    const int code =
        seccomp_rule_add_array(filter_, action, number, static_cast<unsigned>(conditions.size()), conditions.data());
    if (code != 0 && failed_ == 0) failed_ = -code;
  }
  scmp_filter_ctx filter_;
  int failed_ = 0;
};

void add_rules(Rules& rules, const SandboxOptions& options) {
  for (const auto& group : kAllowedCalls) {
    for (const auto name : group.names) rules.allow(name);
  }
  for (const auto* name : kDeadlyCalls) rules.deadly(name);
  for (const auto family : kFamiliesCalls) {
    rules.allow_if("socket", SCMP_A0_64(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)));
    rules.allow_if("socketpair", SCMP_A0_64(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)));
  }
  // Memory that may be executed: only where a module has to be loaded again.
  for (const auto* name : {"mmap", "mprotect"}) {
    if (options.load_modules) {
      rules.allow(name);
    } else {
      rules.allow_if(name, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }
  }
  // Threads, no processes. What clone3() is asked for lies in memory, where no filter can look: glibc then takes
  // clone().
  constexpr scmp_datum_t kThread = 0x00010000;  // CLONE_THREAD
  rules.allow_if("clone", SCMP_A0_64(SCMP_CMP_MASKED_EQ, kThread, kThread));
  for (const scmp_datum_t what : {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_SET_VMA}) {
    rules.allow_if("prctl", SCMP_A0_64(SCMP_CMP_EQ, what));
  }
}

Error missing(const std::string& what, int code) {
  return {Code::sandbox_missing, what + ": " + std::strerror(code), "a kernel with seccomp filters"};
}

}  // namespace

std::string root_warning(const std::string& user) {
  if (::geteuid() != 0 || !user.empty()) return {};
  const auto& info = message_info(Code::runs_as_root);
  return std::string(info.id) + " " + std::string(info.text) + ": give it a user of its own with --user";
}

std::span<const AllowedCalls> allowed_calls() { return kAllowedCalls; }

Result<void> enter_sandbox(const SandboxOptions& options) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static_cast<void>(options);
  return {};
#else
  if (!options.enabled) return {};
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return missing("seccomp_init", ENOMEM);
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // looked up in a tree instead of one by one
  Rules rules(filter.get());
  add_rules(rules, options);
  // Not EPERM: glibc goes on with clone() on this one alone.
  const int clone3 = seccomp_syscall_resolve_name("clone3");
  if (clone3 > 0) static_cast<void>(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), clone3, 0));
  if (rules.failed() != 0) return missing("a rule", rules.failed());
  const int loaded = seccomp_load(filter.get());
  if (loaded != 0) return missing("seccomp_load", -loaded);
  return {};
#endif
}

void enter_sandbox_or_say(const SandboxOptions& options, Log& log) {
  const auto entered = enter_sandbox(options);
  if (!entered) log.event(Code::sandbox_missing, {{"got", entered.error().got}});
}

Result<void> become_user(const std::string& user) {
  if (user.empty()) return {};
  const auto failed = [&](const std::string& what) {
    return Error{Code::user_not_changed, user + ": " + what, "a user that this process may become"};
  };
  errno = 0;
  const auto* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) return failed(errno == 0 ? "there is no such user" : std::strerror(errno));
  const auto uid = entry->pw_uid;
  const auto gid = entry->pw_gid;
  if (::getuid() == uid && ::geteuid() == uid) return {};
  if (::initgroups(user.c_str(), gid) != 0) return failed(std::string("groups: ") + std::strerror(errno));
  if (::setresgid(gid, gid, gid) != 0) return failed(std::string("group: ") + std::strerror(errno));
  if (::setresuid(uid, uid, uid) != 0) return failed(std::string("user: ") + std::strerror(errno));
  uid_t real = 0, effective = 0, saved = 0;
  if (::getresuid(&real, &effective, &saved) != 0 || real != uid || effective != uid || saved != uid) {
    return failed("it did not take");
  }
  if (uid != 0 && ::setuid(0) == 0) return failed("root could be had again");
  // A change of user lets others trace the process again where its files may be dumped.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed(std::strerror(errno));
  return {};
}

}  // namespace cpns::runtime
