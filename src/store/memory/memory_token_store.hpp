#pragma once

#include "store/memory/rows.hpp"

namespace cpns::store::memory {

/// See server_memory.hpp.
class MemoryTokenStore final : public TokenStore, private CommitProof {
 public:
  explicit MemoryTokenStore(Rows& rows) : rows_(rows) {}

  void add(OperatorToken token, std::string actor, Done done) override;
  void withdraw(std::string name, ids::UnixTime now, std::string actor, Done done) override;
  [[nodiscard]] Result<std::optional<OperatorToken>> find(const TokenId& id) override;
  [[nodiscard]] Result<std::vector<OperatorToken>> list() override;

 private:
  Rows& rows_;
};

}  // namespace cpns::store::memory
