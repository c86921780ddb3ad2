#include "store/sqlite/audit_rows.hpp"

namespace cpns::store::sqlite {

Result<audit::Head> read_audit_head(Connection& connection) {
  CPNS_TRY(auto row, connection.query("SELECT sequence, chain FROM audit_records ORDER BY sequence DESC LIMIT 1"));
  CPNS_TRY(const bool any, row.step());
  if (!any) return audit::Head{};
  CPNS_TRY(const auto link, row.digest(1));
  return audit::Head{static_cast<std::uint64_t>(row.integer(0)), link};
}

Result<std::vector<audit::Stored>> read_audit_records(Connection& connection, std::uint64_t after, std::size_t limit) {
  CPNS_TRY(auto row, connection.query("SELECT sequence, record, chain FROM audit_records WHERE sequence > ? "
                                      "ORDER BY sequence LIMIT ?",
                                      static_cast<std::size_t>(after), limit));
  std::vector<audit::Stored> page;
  for (;;) {
    CPNS_TRY(const bool more, row.step());
    if (!more) return page;
    CPNS_TRY(const auto link, row.digest(2));
    page.push_back({static_cast<std::uint64_t>(row.integer(0)), row.blob(1), link});
  }
}

}  // namespace cpns::store::sqlite
