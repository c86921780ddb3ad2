#pragma once

#include "store/memory/rows.hpp"

namespace cpns::store::memory {

/// See server_memory.hpp.
class MemoryDeviceStore final : public DeviceStore, private CommitProof {
 public:
  MemoryDeviceStore(Rows& rows, Sealer& sealer, crypto::Random& random) : DeviceStore(sealer, random), rows_(rows) {}

  [[nodiscard]] Result<std::size_t> erase_all_pending() override;
  [[nodiscard]] Result<std::optional<CompletedAssignment>> find_completed(const ids::AssignmentId& id) override;
  [[nodiscard]] Result<std::optional<DeviceInfo>> show(const ids::CmDeviceId& id) override;
  [[nodiscard]] Result<std::vector<DeviceInfo>> list(std::optional<ids::AssignmentId> after,
                                                     std::size_t limit) override;
  [[nodiscard]] Result<std::vector<ids::CmDeviceId>> list_ids(std::optional<ids::CmDeviceId> after,
                                                              std::size_t limit) override;
  [[nodiscard]] Result<std::vector<ids::CmDeviceId>> kin(const ids::CmDeviceId& id) override;
  [[nodiscard]] Result<std::vector<ids::CmDeviceId>> list_ids_of(const ids::PnGwId& id) override;
  [[nodiscard]] std::uint64_t commits() const noexcept override { return rows_.commits; }
  void revoke_before(ids::UnixTime before, ids::UnixTime when, Done done) override;
  void erase(ids::CmDeviceId id, ids::UnixTime when, Done done) override;
  void purge(std::shared_ptr<Purge> purge, Done done) override;
  void exempt(ids::CmDeviceId id, ids::UnixTime when, Done done) override;

 protected:
  void raw_insert(Row row, Quota quota, Done done) override;
  void raw_activate(assign::Activation activation, Done done) override;
  void raw_erase_pending(ids::AssignmentId id, Done done) override;
  [[nodiscard]] Result<std::optional<Row>> raw_find(const ids::CmDeviceId& id) override;
  void raw_mark_in_use(ids::CmDeviceId id, ids::UnixTime when, Done done) override;
  void raw_revoke(ids::CmDeviceId id, ids::UnixTime when, Done done) override;

 private:
  [[nodiscard]] Result<void> prepare_renewal(const DeviceInfo& info);
  [[nodiscard]] DeviceRow* row_of(const ids::CmDeviceId& id);  ///< nullptr where there is none; under the lock

  Rows& rows_;
};

}  // namespace cpns::store::memory
