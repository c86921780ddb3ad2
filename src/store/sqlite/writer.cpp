#include "store/sqlite/writer.hpp"

#include <algorithm>

#include "store/sqlite/audit_rows.hpp"

namespace cpns::store::sqlite {
namespace {

/// Log pages (32 MB) from which on the writer copies the rest itself: the log begins anew only when all of it has been
/// copied, which the checkpointer never reaches while writes keep coming.
constexpr int kPagesTooMany = 8192;

int note_log_pages(void* to, sqlite3*, const char*, int pages) {
  *static_cast<int*>(to) = pages;
  return SQLITE_OK;
}

}  // namespace

Writer::Writer(Connection connection, Connection for_checkpoints, const Options& options)
    : connection_(std::move(connection)),
      options_(options),
      checkpointer_(std::move(for_checkpoints)),
      thread_([this] { run(); }) {}

// Of the checkpointer's too: a page that it could not sync may be lost while the log that has it is overwritten.
std::optional<Error> Writer::fault() const {
  const int code = fault_ != SQLITE_OK ? fault_.load() : checkpointer_.fault();
  if (code == SQLITE_OK) return std::nullopt;
  return Error{Code::fault_in_store,
               connection_.path() + ": " + sqlite3_errstr(code) + " (SQLite " + std::to_string(code) + ")",
               "a disk whose writes end well"};
}

Writer::~Writer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Writer::submit(Work work, Done done) {
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() < options_.write_queue_limit) {
      waiting_.push_back({std::move(work), std::move(done), {}});
      changed_.notify_one();
      return;
    }
  }
  done(Error{Code::store_overloaded, std::to_string(options_.write_queue_limit) + " writes waiting",
             "fewer than " + std::to_string(options_.write_queue_limit)});
}

void Writer::look() {
  if (look_.exchange(true)) return;
  { const std::scoped_lock lock(mutex_); }  // the thread is either before its question or asleep
  changed_.notify_one();
}

void Writer::run() {
  sqlite3_wal_hook(connection_.handle(), note_log_pages, &log_pages_);
  std::vector<Job> group;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty() || look_; });
      if (look_.exchange(false)) changes_.look();
      if (waiting_.empty() && stopping_) return;
      if (waiting_.empty()) continue;
      const auto count = std::min(waiting_.size(), std::max<std::size_t>(options_.group_limit, 1));
      const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
      group.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
      waiting_.erase(waiting_.begin(), end);
    }
    commit(group);
    group.clear();
  }
}

void Writer::commit(std::vector<Job>& group) {
  if (const auto closed = fault()) {
    for (auto& job : group) job.done(Error(*closed));
    return;
  }
  const int pages_before = std::exchange(log_pages_, 0);
  const auto committed = transact(group);
  if (committed) {
    changes_.committed(log_pages_ > 0);
  } else {
    changes_.failed();
  }
  if (log_pages_ == 0) log_pages_ = pages_before;
  commits_.fetch_add(1, std::memory_order_release);  // also of one that failed: nobody knows what is on the disk
  if (!committed && is_fault(sqlite3_extended_errcode(connection_.handle()))) {
    fault_ = sqlite3_extended_errcode(connection_.handle());
  }
  if (!committed && connection_.in_transaction()) {
    // Where even this fails, the next BEGIN says so.
    static_cast<void>(connection_.execute("ROLLBACK"));
  }
  if (!committed) {
    appended_.reset();  // read again: a COMMIT that failed may yet have been carried out
  } else if (options_.audit_head != nullptr && appended_ && appended_->sequence != told_) {
    told_ = appended_->sequence;
    options_.audit_head->advanced(*appended_);
  }
  for (auto& job : group) {
    if (!job.outcome) {
      job.done(std::move(job.outcome).error());
    } else if (!committed) {
      job.done(committed.error());
    } else {
      job.done(after_commit());
    }
  }
  if (!committed || log_pages_ == 0) return;
  if (log_pages_ > kPagesTooMany) {
    sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
  checkpointer_.written(log_pages_);
}

Result<void> Writer::transact(std::vector<Job>& group) {
  noted_.clear();
  CPNS_CHECK(connection_.run("BEGIN IMMEDIATE"));
  changes_.begun();
  for (auto& job : group) CPNS_CHECK(in_savepoint(job));
  if (options_.journal != nullptr && !noted_.empty()) CPNS_CHECK(options_.journal->append(noted_));
  return connection_.run("COMMIT");
}

/// Fails only where the whole transaction is lost; a refusal of this write stands in its outcome.
Result<void> Writer::in_savepoint(Job& job) {
  CPNS_CHECK(connection_.run("SAVEPOINT one_write"));
  const auto noted_before = noted_.size();
  const auto appended_before = appended_;
  job.outcome = job.work(connection_);
  if (!job.outcome) {
    noted_.resize(noted_before);
    appended_ = appended_before;
  }
  if (!connection_.in_transaction()) {
    // A full disk makes SQLite roll back everything at once, the writes before this one too.
    auto lost = job.outcome ? Error{Code::store_write_failed, connection_.path() + ": the transaction ended", ""}
                            : job.outcome.error();
    return lost;
  }
  if (!job.outcome) CPNS_CHECK(connection_.run("ROLLBACK TO one_write"));
  return connection_.run("RELEASE one_write");
}

Result<void> Writer::record(const audit::Event& event) {
  if (options_.audit == nullptr) return {};
  if (!appended_) {
    CPNS_TRY(appended_, read_audit_head(connection_));
  }
  const auto made = options_.audit->append(*appended_, event);
  CPNS_CHECK(connection_.run("INSERT INTO audit_records (sequence, record, chain) VALUES (?, ?, ?)", made.sequence,
                             made.record, made.link));
  appended_ = audit::Head{made.sequence, made.link};
  return {};
}

Result<void> Writer::note(Revocation revocation) {
  std::uint64_t last = 0;
  {
    CPNS_TRY(auto row, connection_.query("SELECT last_sequence FROM revocation_state"));
    CPNS_CHECK(row.step());
    last = static_cast<std::uint64_t>(row.integer(0));
  }
  // A commit that failed after its entry was written leaves the journal ahead: that number is never used again.
  if (options_.journal != nullptr) last = std::max(last, options_.journal->last());
  if (!noted_.empty()) last = std::max(last, noted_.back().sequence);
  revocation.sequence = last + 1;
  CPNS_CHECK(
      connection_.run("UPDATE revocation_state SET last_sequence = ?", static_cast<std::int64_t>(revocation.sequence)));
  noted_.push_back(std::move(revocation));
  return {};
}

}  // namespace cpns::store::sqlite
