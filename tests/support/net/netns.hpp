#pragma once
// Hosts made of Linux network namespaces: each has interfaces, routes, ports and a loopback of its own. Needs root (or
// CAP_SYS_ADMIN and CAP_NET_ADMIN), `ip` and `nsenter`, and /dev/net/tun; where they are missing, tests say so and
// are skipped. Not thread-safe.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/child_process.hpp"

namespace cpns::test {

/// Empty where namespaces can be made here; otherwise what is missing.
[[nodiscard]] const std::string& why_no_namespaces();

/// Runs a program to its end; its standard output and standard error. Throws std::runtime_error with both where its
/// status is not 0.
std::string run_tool(const std::vector<std::string>& words);

class NetworkNamespace {
 public:
  /// Made as cpns-PID-ROLE; removed by the destructor. What a process left behind that is gone is removed first.
  explicit NetworkNamespace(const std::string& role);
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::filesystem::path path() const { return std::filesystem::path("/run/netns") / name_; }

  /// `ip -n NAME WORDS...`
  void ip(std::vector<std::string> words) const;
  /// Lets a program run on this host.
  [[nodiscard]] cli::ChildProcess::Options on_host(cli::ChildProcess::Options options) const;
  /// Starts it there. Throws where it cannot be started.
  [[nodiscard]] cli::ChildProcess start(cli::ChildProcess::Options options) const;
  /// Runs it there, to its end; as run_tool.
  std::string run(std::vector<std::string> words) const;
  /// Calls `work` on a thread that sees this host's network: sockets made there stay on this host.
  void inside(const std::function<void()>& work) const;

 private:
  std::string name_;
};

/// Namespaces whose process is gone. Called by the constructor; by itself for a test of it.
void remove_stale_namespaces();

}  // namespace cpns::test
