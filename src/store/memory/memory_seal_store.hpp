#pragma once

#include "store/memory/rows.hpp"

namespace cpns::store::memory {

/// See server_memory.hpp.
class MemorySealStore final : public SealStore, private CommitProof {
 public:
  MemorySealStore(Rows& rows, Sealer& sealer, crypto::Random& random) : rows_(rows), sealer_(sealer), random_(random) {}

  [[nodiscard]] Result<ResealProgress> progress() override;
  void begin(ids::UnixTime now, std::string actor, Done done) override;
  void step(std::size_t limit, ids::UnixTime now, Done done) override;

 private:
  /// False where it does not open.
  bool move(const Place& place, Bytes& value);

  Rows& rows_;
  Sealer& sealer_;
  crypto::Random& random_;
};

}  // namespace cpns::store::memory
