#pragma once
// What both databases are made of: a file brought to its schema, one writer, a few connections for reads.

#include <algorithm>
#include <atomic>
#include <memory>

#include "store/migrations/migrations.hpp"
#include "store/sqlite/writer.hpp"

namespace cpns::store::sqlite {

/// Connections for reads, opened as they are needed. Each thread has a place of its own, as far as there are enough, so
/// that its reads take no lock and its connection's pages stay on its core.
class Readers {
 public:
  Readers(std::filesystem::path file, const Options& options)
      : file_(std::move(file)), options_(options), places_(std::max<std::size_t>(options.readers, 1)) {}

  /// Calls `read(Connection&)` with a connection that no other thread has; waits where all are in use. `read` returns a
  /// Result.
  template <class Read>
  [[nodiscard]] auto with(Read&& read) -> std::invoke_result_t<Read, Connection&> {
    const Taken place(take());
    CPNS_TRY(auto* connection, open(place.place));
    return std::forward<Read>(read)(*connection);
  }

 private:
  struct alignas(64) Place {
    std::atomic<int> taken{0};  ///< whoever has made it 1 has the connection
    std::unique_ptr<Connection> connection;
  };
  struct Taken {
    explicit Taken(Place& one) noexcept : place(one) {}
    ~Taken();
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    Place& place;
  };
  [[nodiscard]] Place& take() noexcept;
  [[nodiscard]] Result<Connection*> open(Place& place) const;

  std::filesystem::path file_;
  Options options_;
  std::vector<Place> places_;
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
