#pragma once

#include "store/device_store.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/row_cache.hpp"

namespace cpns::store::sqlite {

/// See server_database.hpp.
class SqliteDeviceStore final : public DeviceStore {
 public:
  SqliteDeviceStore(Database& database, std::size_t cache_bytes, Sealer& sealer, crypto::Random& random)
      : DeviceStore(sealer, random),
        writer_(database.writer()),
        readers_(database.readers()),
        cache_(writer_.changes().usable() ? cache_bytes : 0, writer_.changes(), random) {}

  [[nodiscard]] Result<std::size_t> erase_all_pending() override;
  [[nodiscard]] Result<std::optional<CompletedAssignment>> find_completed(const ids::AssignmentId& id) override;
  [[nodiscard]] Result<std::optional<DeviceInfo>> show(const ids::CmDeviceId& id) override;
  [[nodiscard]] Result<std::vector<DeviceInfo>> list(std::optional<ids::AssignmentId> after,
                                                     std::size_t limit) override;
  [[nodiscard]] Result<std::vector<ids::CmDeviceId>> list_ids(std::optional<ids::CmDeviceId> after,
                                                              std::size_t limit) override;
  [[nodiscard]] Result<std::vector<ids::CmDeviceId>> kin(const ids::CmDeviceId& id) override;
  [[nodiscard]] Result<std::vector<ids::CmDeviceId>> list_ids_of(const ids::PnGwId& id) override;
  [[nodiscard]] std::uint64_t commits() const noexcept override { return writer_.commits(); }
  [[nodiscard]] RowCache::Use cache_use() const { return cache_.use(); }
  void revoke_before(ids::UnixTime before, ids::UnixTime when, Done done) override;
  void erase(ids::CmDeviceId id, ids::UnixTime when, Done done) override;
  void purge(std::shared_ptr<Purge> purge, Done done) override;
  void exempt(ids::CmDeviceId id, ids::UnixTime when, Done done) override;

 protected:
  void raw_insert(Row row, Quota quota, Done done) override;
  void raw_activate(assign::Activation activation, Done done) override;
  void raw_erase_pending(ids::AssignmentId id, Done done) override;
  [[nodiscard]] Result<std::optional<Row>> raw_find(const ids::CmDeviceId& id) override;
  [[nodiscard]] Result<std::optional<Row>> raw_find_in_stead(const ids::CmDeviceId& stranger,
                                                             const ids::CmDeviceId& stand_in) override;
  void raw_mark_in_use(ids::CmDeviceId id, ids::UnixTime when, Done done) override;
  void raw_revoke(ids::CmDeviceId id, ids::UnixTime when, Done done) override;

 private:
  [[nodiscard]] Result<std::optional<RowCache::Row>> look_up(const ids::CmDeviceId& id, const ids::CmDeviceId& asked);
  [[nodiscard]] Result<std::optional<RowCache::Row>> read(const ids::CmDeviceId& id);

  Writer& writer_;
  Readers& readers_;
  RowCache cache_;
};

/// Carries a revocation of the journal out again, in a transaction of the caller's.
[[nodiscard]] Result<void> carry_out(Connection& connection, const Revocation& one);

}  // namespace cpns::store::sqlite
