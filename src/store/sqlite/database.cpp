#include "store/sqlite/database.hpp"

#include "store/file/private_file.hpp"
#include "store/sqlite/migrate.hpp"

namespace cpns::store::sqlite {

namespace {

/// Threads are numbered as they come to read: those that stay, such as loops, are the first.
std::size_t number_of_this_thread() noexcept {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace

Readers::Place& Readers::take() noexcept {
  const auto own = number_of_this_thread();
  for (;;) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      auto& place = places_[(own + i) % places_.size()];
      if (place.taken.load(std::memory_order_relaxed) == 0 && place.taken.exchange(1, std::memory_order_acquire) == 0) {
        return place;
      }
    }
    places_[own % places_.size()].taken.wait(1);
  }
}

Readers::Taken::~Taken() {
  place.taken.store(0, std::memory_order_release);
  place.taken.notify_one();
}

Result<Connection*> Readers::open(Place& place) const {
  if (!place.connection) {
    CPNS_TRY(auto opened, Connection::open(file_, Connection::Use::Read, options_.busy_timeout));
    place.connection = std::make_unique<Connection>(std::move(opened));
  }
  return place.connection.get();
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, const migrations::Schema& schema,
                                                 const Options& options, const Prepare& prepare) {
  const auto folder = file::folder_of(file);
  CPNS_CHECK(file::ensure_private_folder(folder));
  // Two programs that start at once would both find a new file, or both upgrade an old one.
  CPNS_TRY(const auto lock, file::FolderLock::take(folder));
  CPNS_CHECK(file::ensure_private_file(file));
  CPNS_TRY(auto writer, Connection::open(file, Connection::Use::Write, options.busy_timeout));
  CPNS_CHECK(migrate(writer, schema));
  if (prepare) CPNS_CHECK(prepare(writer));
  CPNS_TRY(auto checkpointer, Connection::open(file, Connection::Use::Write, options.busy_timeout));
  CPNS_CHECK(lock.sync());
  return std::unique_ptr<Database>(new Database(file, std::move(writer), std::move(checkpointer), options));
}

}  // namespace cpns::store::sqlite
