#pragma once
// What a long-running program gives up before it talks to anybody: another user than root, and every system call that
// it does not need [V3].

#include <span>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace cpns::runtime {

class Log;

/// What a person should know who has started it as root without a user to become; empty otherwise.
[[nodiscard]] std::string root_warning(const std::string& user);

/// Becomes `user` for good: groups, group, user; checked afterwards. Before any thread. Nothing happens where `user` is
/// empty or is who runs this. Fails with `user_not_changed`.
[[nodiscard]] Result<void> become_user(const std::string& user);

/// A group of system calls, and why they are needed.
struct AllowedCalls {
  std::string_view why;
  std::span<const std::string_view> names;
};
/// All that pass the filter: data for the filter, its test and docs/operations.md.
[[nodiscard]] std::span<const AllowedCalls> allowed_calls();

struct SandboxOptions {
  bool enabled = true;
  /// Memory may become executable: for a PKCS#11 module that is loaded again for a rotation.
  bool load_modules = false;
};
/// Filters the system calls of every thread of this process, for good. What is not in the list fails with EPERM; what
/// only an intruder would call (execve, ptrace, mount, ...) ends the process. Sockets are limited to IP, Unix and
/// routing. Nothing where it is not enabled or a sanitizer watches. Fails with `sandbox_missing`: log it and go on.
[[nodiscard]] Result<void> enter_sandbox(const SandboxOptions& options);
/// The same; where it fails, that is logged.
void enter_sandbox_or_say(const SandboxOptions& options, Log& log);

}  // namespace cpns::runtime
