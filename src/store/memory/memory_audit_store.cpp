#include "store/memory/memory_audit_store.hpp"

#include "store/memory/finish.hpp"

namespace cpns::store::memory {

void MemoryAuditStore::append(audit::Event event, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    rows_.record(event);
    return {};
  });
}

Result<audit::Head> MemoryAuditStore::head() {
  const std::scoped_lock lock(rows_.mutex);
  return rows_.audit_head();
}

Result<std::vector<audit::Stored>> MemoryAuditStore::read(std::uint64_t after, std::size_t limit) {
  const std::scoped_lock lock(rows_.mutex);
  std::vector<audit::Stored> page;
  for (auto i = static_cast<std::size_t>(after); i < rows_.records.size() && page.size() < limit; ++i) {
    page.push_back(rows_.records[i]);
  }
  return page;
}

}  // namespace cpns::store::memory
