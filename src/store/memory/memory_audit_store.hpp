#pragma once

#include "store/memory/rows.hpp"

namespace cpns::store::memory {

/// See server_memory.hpp.
class MemoryAuditStore final : public AuditStore, private CommitProof {
 public:
  explicit MemoryAuditStore(Rows& rows) : rows_(rows) {}

  void append(audit::Event event, Done done) override;
  [[nodiscard]] Result<audit::Head> head() override;
  [[nodiscard]] Result<std::vector<audit::Stored>> read(std::uint64_t after, std::size_t limit) override;

 private:
  Rows& rows_;
};

}  // namespace cpns::store::memory
