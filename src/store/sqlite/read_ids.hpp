#pragma once
// Rows of one column that is an identifier.

#include <vector>

#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {

/// All that are left, in their order.
template <class Id>
[[nodiscard]] Result<std::vector<Id>> read_ids(Statement row) {
  std::vector<Id> found;
  for (;;) {
    CPNS_TRY(const bool more, row.step());
    if (!more) return found;
    CPNS_TRY(const auto id, row.id<Id>(0));
    found.push_back(id);
  }
}

}  // namespace cpns::store::sqlite
