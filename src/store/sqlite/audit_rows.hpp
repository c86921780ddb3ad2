#pragma once
// How audit records stand in their table.

#include "core/audit/chain.hpp"
#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {

/// Of the newest record, sequence 0 where there is none.
[[nodiscard]] Result<audit::Head> read_audit_head(Connection& connection);
/// See AuditStore::read. Also for tools that have no store.
[[nodiscard]] Result<std::vector<audit::Stored>> read_audit_records(Connection& connection, std::uint64_t after,
                                                                    std::size_t limit);

}  // namespace cpns::store::sqlite
