#pragma once
// The audit log as a store keeps it: records are added and read, never changed. What a verb of another store does is
// recorded by that store in the same transaction; `append` is for what changes nothing else, such as a refusal.
// Thread and durability rules as in device_store.hpp.

#include <vector>

#include "core/audit/chain.hpp"
#include "store/commit_proof.hpp"

namespace cpns::store {

/// Where the newest record's number and value are kept apart from the database.
class AuditHead {
 public:
  virtual ~AuditHead() = default;
  /// After a commit that added records. On the database's writing thread; does not wait for a disk.
  virtual void advanced(const audit::Head& head) = 0;
};

class AuditStore {
 public:
  AuditStore() = default;
  virtual ~AuditStore() = default;
  AuditStore(const AuditStore&) = delete;
  AuditStore& operator=(const AuditStore&) = delete;

  virtual void append(audit::Event event, Done done) = 0;
  /// Of the newest record, sequence 0 where there is none.
  [[nodiscard]] virtual Result<audit::Head> head() = 0;
  /// At most `limit` records in order of sequence, from the one after `after`. As they stand there: nothing is
  /// verified.
  [[nodiscard]] virtual Result<std::vector<audit::Stored>> read(std::uint64_t after, std::size_t limit) = 0;
};

}  // namespace cpns::store
