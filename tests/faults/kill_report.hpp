#pragma once
// What a campaign of kills has done so far, for several runs at once. Thread-safe.

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

namespace cpns::faults {

class KillReport {
 public:
  struct Row {
    std::size_t times = 0;
    std::size_t lost = 0;
  };
  explicit KillReport(std::size_t wanted) : wanted_(wanted) {}

  /// A program was killed: which, and at what point of which job.
  void killed(const std::string& program, const std::string& place);
  /// A property did not hold after that kill.
  void lost(const std::string& program, const std::string& place, const std::string& what);
  /// Active at the Server and known to no device: harmless, nobody holds its key.
  void left_over(std::size_t count) { left_over_ += count; }

  [[nodiscard]] bool enough() const { return kills_ >= wanted_ || stopped_; }
  /// What was done so far is enough. Also from a signal handler.
  void stop() noexcept { stopped_ = true; }
  [[nodiscard]] std::size_t wanted() const { return wanted_; }
  [[nodiscard]] std::size_t kills() const { return kills_; }
  [[nodiscard]] std::size_t left_over() const { return left_over_; }
  [[nodiscard]] std::vector<std::string> losses() const;
  /// The table: program, where it was killed, times, lost.
  void print(std::ostream& out) const;

 private:
  const std::size_t wanted_;
  std::atomic<std::size_t> kills_{0};
  std::atomic<std::size_t> left_over_{0};
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Row> rows_;
  std::vector<std::string> losses_;
};

}  // namespace cpns::faults
