#pragma once

#include "store/seal_store.hpp"
#include "store/sqlite/database.hpp"

namespace cpns::store::sqlite {

/// See server_database.hpp.
class SqliteSealStore final : public SealStore {
 public:
  SqliteSealStore(Database& database, Sealer& sealer, crypto::Random& random)
      : sealer_(sealer), random_(random), writer_(database.writer()), readers_(database.readers()) {}

  [[nodiscard]] Result<ResealProgress> progress() override;
  void begin(ids::UnixTime now, std::string actor, Done done) override;
  void step(std::size_t limit, ids::UnixTime now, Done done) override;

 private:
  Sealer& sealer_;
  crypto::Random& random_;
  Writer& writer_;
  Readers& readers_;
};

}  // namespace cpns::store::sqlite
