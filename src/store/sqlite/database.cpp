#include "store/sqlite/database.hpp"

#include <algorithm>

#include "store/file/private_file.hpp"
#include "store/sqlite/migrate.hpp"

namespace cpns::store::sqlite {

Result<std::unique_ptr<Connection>> Readers::take() {
  {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !idle_.empty() || opened_ < std::max<std::size_t>(options_.readers, 1); });
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    ++opened_;
  }
  auto connection = Connection::open(file_, Connection::Use::Read, options_.busy_timeout);
  if (connection) return std::make_unique<Connection>(std::move(connection).value());
  {
    const std::scoped_lock lock(mutex_);
    --opened_;
  }
  free_.notify_one();
  return std::move(connection).error();
}

void Readers::give_back(std::unique_ptr<Connection> connection) {
  {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  free_.notify_one();
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
