#pragma once
// Brings a database to a schema's version. The caller keeps others from doing the same at once (FolderLock).

#include "store/migrations/migrations.hpp"
#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {

/// A new database is made from `schema.fresh`; an older one goes up step by step, each in one transaction with its
/// version row. Fails with `store_is_newer`, `store_is_of_another_kind`, `store_is_damaged` or `store_upgrade_failed`.
[[nodiscard]] Result<void> migrate(Connection& connection, const migrations::Schema& schema);

/// The steps alone up to version `target`, also for a new database.
[[nodiscard]] Result<void> upgrade(Connection& connection, const migrations::Schema& schema, int target);

}  // namespace cpns::store::sqlite
