#include "store/sqlite/sqlite_seal_store.hpp"

#include "store/audit_events.hpp"
#include "store/places.hpp"

namespace cpns::store::sqlite {
namespace {

struct Sealed {
  std::int64_t row_id;
  Bytes key;
  Bytes value;
};

Result<ResealProgress> read_progress(Connection& connection) {
  CPNS_TRY(auto row, connection.query("SELECT key_number, last_row, end_row, unopened, complete FROM seal_state"));
  CPNS_CHECK(row.step());
  return ResealProgress{.number = static_cast<KeyNumber>(row.integer(0)),
                        .complete = row.integer(4) != 0,
                        .done = row.count(1),
                        .total = row.count(2),
                        .unopened = row.count(3)};
}

Result<std::vector<Sealed>> read_values(Statement row) {
  std::vector<Sealed> values;
  for (;;) {
    CPNS_TRY(const bool more, row.step());
    if (!more) return values;
    values.push_back({row.integer(0), row.blob(1), row.blob(2)});
  }
}

/// One table's part of a step, in the writer's transaction.
class Mover {
 public:
  Mover(Connection& connection, const Sealer& sealer, crypto::Random& random)
      : connection_(connection), sealer_(sealer), random_(random), number_(sealer.current()) {}

  Result<void> move(const std::vector<Sealed>& values, std::string_view table, std::string_view column,
                    std::string_view update) {
    for (const auto& value : values) {
      if (Sealer::number_of(value.value) == number_) continue;
      const Place place{table, column, value.key};
      const auto opened = sealer_.open(place, value.value);
      if (!opened) {
        ++unopened_;
        continue;
      }
      CPNS_CHECK(connection_.run(update, sealer_.seal(place, opened->view(), random_), value.row_id));
    }
    return {};
  }
  [[nodiscard]] std::uint64_t unopened() const { return unopened_; }

 private:
  Connection& connection_;
  const Sealer& sealer_;
  crypto::Random& random_;
  KeyNumber number_;
  std::uint64_t unopened_ = 0;
};

}  // namespace

Result<ResealProgress> SqliteSealStore::progress() { return readers_.with(read_progress); }

void SqliteSealStore::begin(ids::UnixTime now, std::string actor, Done done) {
  const auto begin = [this, now, actor = std::move(actor)](Connection& connection) -> Result<void> {
    const auto number = sealer_.current();
    CPNS_CHECK(
        connection.run("UPDATE seal_state SET key_number = ?, last_row = 0, unopened = 0, complete = 0, "
                       "end_row = (SELECT coalesce(max(row_id), 0) FROM devices)",
                       std::size_t{number}));
    return writer_.record(events::rotating(number, now, actor));
  };
  writer_.submit(begin, std::move(done));
}

void SqliteSealStore::step(std::size_t limit, ids::UnixTime now, Done done) {
  const auto step = [this, limit, now](Connection& connection) -> Result<void> {
    CPNS_TRY(const auto before, read_progress(connection));
    if (before.complete) return {};
    Mover mover(connection, sealer_, random_);
    CPNS_TRY(auto rows, connection.query("SELECT row_id, assignment_id, sealed_key_seed FROM devices "
                                         "WHERE row_id > ? AND row_id <= ? ORDER BY row_id LIMIT ?",
                                         before.done, before.total, limit));
    CPNS_TRY(const auto seeds, read_values(std::move(rows)));
    CPNS_CHECK(
        mover.move(seeds, "devices", "sealed_key_seed", "UPDATE devices SET sealed_key_seed = ? WHERE row_id = ?"));
    const bool last = seeds.size() < limit;
    if (last) {
      CPNS_TRY(auto tokens, connection.query("SELECT row_id, token_id, sealed_secret FROM enrolments"));
      CPNS_TRY(const auto secrets, read_values(std::move(tokens)));
      CPNS_CHECK(mover.move(secrets, "enrolments", "sealed_secret",
                            "UPDATE enrolments SET sealed_secret = ? WHERE row_id = ?"));
    }
    const auto reached = last ? static_cast<std::int64_t>(before.total) : seeds.back().row_id;
    CPNS_CHECK(connection.run("UPDATE seal_state SET last_row = ?, unopened = unopened + ?, complete = ?", reached,
                              std::size_t{mover.unopened()}, std::size_t{last ? 1U : 0U}));
    if (!last) return {};
    return writer_.record(events::rotated(before.number, before.unopened + mover.unopened(), now));
  };
  writer_.submit(step, std::move(done));
}

}  // namespace cpns::store::sqlite
