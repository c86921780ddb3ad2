#pragma once

#include "store/device_store.hpp"
#include "store/sqlite/database.hpp"

namespace cpns::store::sqlite {

/// See server_database.hpp.
class SqliteDeviceStore final : public DeviceStore {
 public:
  SqliteDeviceStore(Database& database, Sealer& sealer, crypto::Random& random)
      : DeviceStore(sealer, random), writer_(database.writer()), readers_(database.readers()) {}

  [[nodiscard]] Result<std::size_t> erase_all_pending() override;
  [[nodiscard]] Result<std::optional<CompletedAssignment>> find_completed(const ids::AssignmentId& id) override;
  [[nodiscard]] Result<std::optional<DeviceInfo>> show(const ids::CmDeviceId& id) override;
  [[nodiscard]] Result<std::vector<DeviceInfo>> list(std::optional<ids::AssignmentId> after,
                                                     std::size_t limit) override;
  [[nodiscard]] std::uint64_t commits() const noexcept override { return writer_.commits(); }
  void revoke_before(ids::UnixTime before, ids::UnixTime when, Done done) override;
  void erase(ids::CmDeviceId id, ids::UnixTime when, Done done) override;
  void exempt(ids::CmDeviceId id, ids::UnixTime when, Done done) override;

 protected:
  void raw_insert(Row row, Quota quota, Done done) override;
  void raw_activate(assign::Activation activation, Done done) override;
  void raw_erase_pending(ids::AssignmentId id, Done done) override;
  [[nodiscard]] Result<std::optional<Row>> raw_find(const ids::CmDeviceId& id) override;
  void raw_mark_in_use(ids::CmDeviceId id, ids::UnixTime when, Done done) override;
  void raw_revoke(ids::CmDeviceId id, ids::UnixTime when, Done done) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

/// Carries a revocation of the journal out again, in a transaction of the caller's.
[[nodiscard]] Result<void> carry_out(Connection& connection, const Revocation& one);

}  // namespace cpns::store::sqlite
