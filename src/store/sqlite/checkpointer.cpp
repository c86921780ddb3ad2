#include "store/sqlite/checkpointer.hpp"

namespace cpns::store::sqlite {

Checkpointer::Checkpointer(Connection connection) : connection_(std::move(connection)), thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Checkpointer::written(int pages) {
  {
    const std::scoped_lock lock(mutex_);
    if (pages < pages_) copied_ = 0;  // the log began anew
    pages_ = pages;
    fresh_ = true;
  }
  changed_.notify_one();
}

void Checkpointer::run() {
  sqlite3_busy_timeout(connection_.handle(), 0);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (pages_ == 0) {
      changed_.wait(lock, [this] { return stopping_ || pages_ > 0; });
      continue;
    }
    fresh_ = false;
    const bool paused = !changed_.wait_for(lock, kPause, [this] { return stopping_ || fresh_; });
    if (stopping_ || (!paused && pages_ - copied_ < kPagesToCopy)) continue;
    lock.unlock();
    // PASSIVE stands in nobody's way. TRUNCATE needs the writer's lock for a moment; this connection waits for no one,
    // so where somebody reads or writes it fails and is tried again after the next pause.
    const int mode = paused ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    int in_log = 0, copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, mode, &in_log, &copied);
    lock.lock();
    if (is_fault(code)) {
      fault_ = code;
      return;
    }
    if (code != SQLITE_OK) continue;
    if (!paused) {
      copied_ = copied;
    } else if (!fresh_) {
      pages_ = copied_ = 0;
    }
  }
}

}  // namespace cpns::store::sqlite
