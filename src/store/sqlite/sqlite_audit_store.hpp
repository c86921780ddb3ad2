#pragma once

#include "store/sqlite/database.hpp"

namespace cpns::store::sqlite {

/// See server_database.hpp.
class SqliteAuditStore final : public AuditStore {
 public:
  explicit SqliteAuditStore(Database& database) : writer_(database.writer()), readers_(database.readers()) {}

  void append(audit::Event event, Done done) override;
  [[nodiscard]] Result<audit::Head> head() override;
  [[nodiscard]] Result<std::vector<audit::Stored>> read(std::uint64_t after, std::size_t limit) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace cpns::store::sqlite
