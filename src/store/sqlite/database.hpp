#pragma once
// What both databases are made of: a file brought to its schema, one writer, a few connections for reads.

#include <memory>

#include "store/migrations/migrations.hpp"
#include "store/sqlite/writer.hpp"

namespace cpns::store::sqlite {

/// Connections for reads, opened as they are needed, handed to one thread at a time.
class Readers {
 public:
  Readers(std::filesystem::path file, const Options& options) : file_(std::move(file)), options_(options) {}

  /// Calls `read(Connection&)` with a connection of its own; waits where all are in use. `read` returns a Result.
  template <class Read>
  [[nodiscard]] auto with(Read&& read) -> std::invoke_result_t<Read, Connection&> {
    CPNS_TRY(auto connection, take());
    auto result = std::forward<Read>(read)(*connection);
    give_back(std::move(connection));
    return result;
  }

 private:
  [[nodiscard]] Result<std::unique_ptr<Connection>> take();
  void give_back(std::unique_ptr<Connection> connection);

  std::filesystem::path file_;
  Options options_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t opened_ = 0;
};

class Database {
 public:
  /// Called with the writing connection before anybody else has one.
  using Prepare = std::function<Result<void>(Connection&)>;
  /// See ServerDatabase::open.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file,
                                                              const migrations::Schema& schema, const Options& options,
                                                              const Prepare& prepare = {});

  [[nodiscard]] Writer& writer() noexcept { return writer_; }
  [[nodiscard]] Readers& readers() noexcept { return readers_; }

 private:
  Database(const std::filesystem::path& file, Connection writer, Connection checkpointer, const Options& options)
      : readers_(file, options), writer_(std::move(writer), std::move(checkpointer), options) {}

  Readers readers_;
  Writer writer_;  ///< ends first: a Done may still read
};

}  // namespace cpns::store::sqlite
