#pragma once
// Copies the write-ahead log back into the database from a thread of its own, so that no writer pays for it. When
// writes have paused it also empties the log: an erased value is then in no file any more.

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {

class Checkpointer {
 public:
  static constexpr int kPagesToCopy = 1000;                 ///< not copied yet, from which on they are
  static constexpr std::chrono::milliseconds kPause{1000};  ///< without a write, after which the log is emptied

  explicit Checkpointer(Connection connection);
  /// Ends without a last checkpoint: closing the last connection makes it.
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// After a commit that left `pages` in the log. From any thread; never waits.
  void written(int pages);

  /// SQLITE_OK, or the extended code of a checkpoint after which nobody can say what is on the disk; there is no other
  /// one then. From any thread.
  [[nodiscard]] int fault() const noexcept { return fault_; }

 private:
  void run();

  Connection connection_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int pages_ = 0;       ///< in the log, as far as known
  int copied_ = 0;      ///< of these
  bool fresh_ = false;  ///< a commit came since the thread last looked
  bool stopping_ = false;
  std::atomic<int> fault_{SQLITE_OK};
  std::thread thread_;  ///< last member: starts when all others are there
};

}  // namespace cpns::store::sqlite
