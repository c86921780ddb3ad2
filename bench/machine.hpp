#pragma once
// What processes and the machine use, as /proc says it.

#include <time.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace cpns::bench {

/// Seconds on one of the clocks that count CPU time.
inline double cpu_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Bytes behind `name`, which /proc gives in kB; 0 where it is not there.
inline double kib_in(const std::string& file, const std::string& name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name)) return std::stod(line.substr(name.size())) * 1024;
  }
  return 0;
}

/// What could be given to programs now, without swapping.
inline double memory_available() { return kib_in("/proc/meminfo", "MemAvailable:"); }

/// Of the kernel's objects, such as sockets, and of what stands in sockets' queues.
inline double kernel_memory() {
  double pages = 0;
  std::ifstream lines("/proc/net/sockstat");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("TCP:")) pages = std::stod(line.substr(line.rfind(' ')));
  }
  return kib_in("/proc/meminfo", "Slab:") + pages * 4096;
}

/// One process of this machine.
class Process {
 public:
  /// Throws std::runtime_error where there is none.
  explicit Process(int pid) : status_("/proc/" + std::to_string(pid) + "/status") {
    if (::clock_getcpuclockid(pid, &clock_) != 0) throw std::runtime_error("no process " + std::to_string(pid));
  }
  /// Seconds of all its threads, user and kernel.
  [[nodiscard]] double cpu() const { return cpu_of(clock_); }
  /// Bytes of its own memory: no files, nothing of the kernel's.
  [[nodiscard]] double resident() const { return kib_in(status_, "RssAnon:"); }

 private:
  std::string status_;
  clockid_t clock_{};
};

}  // namespace cpns::bench
