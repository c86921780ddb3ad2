#pragma once

#include "store/sqlite/database.hpp"
#include "store/token_store.hpp"

namespace cpns::store::sqlite {

/// See server_database.hpp.
class SqliteTokenStore final : public TokenStore {
 public:
  explicit SqliteTokenStore(Database& database) : writer_(database.writer()), readers_(database.readers()) {}

  void add(OperatorToken token, std::string actor, Done done) override;
  void withdraw(std::string name, ids::UnixTime now, std::string actor, Done done) override;
  [[nodiscard]] Result<std::optional<OperatorToken>> find(const TokenId& id) override;
  [[nodiscard]] Result<std::vector<OperatorToken>> list() override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace cpns::store::sqlite
