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
    pages_ = pages;
    fresh_ = true;
  }
  changed_.notify_one();
}

void Checkpointer::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (pages_ == 0) {
      changed_.wait(lock, [this] { return stopping_ || pages_ > 0; });
      continue;
    }
    fresh_ = false;
    const bool paused = !changed_.wait_for(lock, kPause, [this] { return stopping_ || fresh_; });
    if (stopping_ || (!paused && pages_ < kPagesToCopy)) continue;
    lock.unlock();
    // PASSIVE stands in nobody's way. TRUNCATE needs the writer's lock for a moment; the connection waits for no one,
    // so where somebody reads or writes it fails and is tried again after the next pause.
    const int mode = paused ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, mode, nullptr, nullptr);
    lock.lock();
    if (paused && code == SQLITE_OK && !fresh_) pages_ = 0;
  }
}

}  // namespace cpns::store::sqlite
