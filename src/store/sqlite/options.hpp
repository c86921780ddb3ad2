#pragma once

#include <chrono>
#include <cstddef>

namespace cpns::audit {
class Chain;
}
namespace cpns::store {
class AuditHead;
class RevocationJournal;
}  // namespace cpns::store

namespace cpns::store::sqlite {

struct Options {
  std::size_t write_queue_limit = 8192;  ///< writes waiting; one more fails at once with `store_overloaded`
  std::size_t group_limit = 256;         ///< writes in one commit at most
  std::size_t readers = 16;              ///< connections for reads, opened as threads read; further ones share
  std::size_t cache_bytes = std::size_t{64} << 20U;  ///< of the server's database: rows of devices kept in memory
  std::chrono::milliseconds busy_timeout{5000};      ///< wait for another process's transaction, then `store_busy`
  RevocationJournal* journal = nullptr;              ///< of the server's database; must outlive it
  const audit::Chain* audit = nullptr;               ///< the same; without it nothing is recorded
  AuditHead* audit_head = nullptr;                   ///< the same; may be missing
};

}  // namespace cpns::store::sqlite
