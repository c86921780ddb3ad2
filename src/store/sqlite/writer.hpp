#pragma once
// Group commit: one thread takes all writes that wait, runs them in one transaction, each in a savepoint of its own so
// that a refused one leaves the others alone, and calls every Done after the commit has returned.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "store/audit_store.hpp"
#include "store/commit_proof.hpp"
#include "store/revocation.hpp"
#include "store/sqlite/checkpointer.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/options.hpp"
#include "store/sqlite/row_changes.hpp"

namespace cpns::store::sqlite {

class Writer : private CommitProof {
 public:
  /// One write; runs on the writer's thread inside a transaction, perhaps again never.
  using Work = std::function<Result<void>(Connection&)>;

  Writer(Connection connection, Connection for_checkpoints, const Options& options);
  /// Carries out what waits, then ends the thread.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// From any thread, also from inside a Done. Never waits for the disk. After a write that failed in a way after which
  /// nobody can say what is on the disk (a failed fsync, an I/O error) each fails with `fault_in_store`, until the file
  /// is opened anew.
  void submit(Work work, Done done);

  /// How many transactions have ended, from any thread. A Done is called after its own has been counted.
  [[nodiscard]] std::uint64_t commits() const noexcept { return commits_.load(std::memory_order_acquire); }

  /// Which rows of `devices` its commits and those of others have changed.
  [[nodiscard]] const RowChanges& changes() const noexcept { return changes_; }
  /// Has the writer's thread see what others have committed. From any thread; waits for nobody.
  void look();

  /// From inside a Work of the server's database, as its last act: numbers a revocation that it has carried out. It is
  /// in the journal before the transaction commits, and in neither where the Work fails.
  [[nodiscard]] Result<void> note(Revocation revocation);

  /// From inside a Work of the server's database: what it does, for the audit log. The record stands in the Work's
  /// savepoint, and is gone with it where the Work fails.
  [[nodiscard]] Result<void> record(const audit::Event& event);

 private:
  struct Job {
    Work work;
    Done done;
    Result<void> outcome;
  };
  void run();
  void commit(std::vector<Job>& group);
  [[nodiscard]] Result<void> transact(std::vector<Job>& group);
  [[nodiscard]] Result<void> in_savepoint(Job& job);
  [[nodiscard]] std::optional<Error> fault() const;

  Connection connection_;
  Options options_;
  std::vector<Revocation> noted_;        ///< of the transaction under way; of the writer's thread
  std::optional<audit::Head> appended_;  ///< with what the transaction under way added; of the writer's thread
  std::uint64_t told_ = 0;               ///< the sequence that audit_head knows
  int log_pages_ = 0;                    ///< after the last commit; of the writer's thread
  std::atomic<int> fault_{SQLITE_OK};    ///< SQLite's extended code of what closed this store to writes
  std::atomic<std::uint64_t> commits_{0};
  RowChanges changes_{connection_};
  std::atomic<bool> look_{false};  ///< somebody wants it
  Checkpointer checkpointer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  bool stopping_ = false;
  std::thread thread_;  ///< last member: starts when all others are there
};

}  // namespace cpns::store::sqlite
