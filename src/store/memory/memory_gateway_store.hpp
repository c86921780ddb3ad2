#pragma once

#include "store/memory/rows.hpp"
#include "store/rules.hpp"

namespace cpns::store::memory {

/// See server_memory.hpp.
class MemoryGatewayStore final : public GatewayStore, private CommitProof {
 public:
  MemoryGatewayStore(Rows& rows, Sealer& sealer, crypto::Random& random) : GatewayStore(sealer, random), rows_(rows) {}

  void admit(ids::PnGwId id, std::size_t device_quota, ids::UnixTime now, Done done) override;
  void complete_enrolment(TokenId id, std::array<std::uint8_t, 32> certificate_sha256, ids::UnixTime now,
                          Done done) override;
  void revoke(ids::PnGwId id, ids::UnixTime when, Done done) override;
  [[nodiscard]] Result<std::optional<GatewayInfo>> find(const ids::PnGwId& id) override;
  [[nodiscard]] Result<std::vector<GatewayInfo>> list(std::optional<ids::PnGwId> after, std::size_t limit) override;

 protected:
  void raw_invite(EnrolmentRow row, std::size_t device_quota, ids::UnixTime now, Done done) override;
  [[nodiscard]] Result<std::optional<EnrolmentRow>> raw_find_enrolment(const TokenId& id, ids::UnixTime now) override;

 private:
  [[nodiscard]] std::optional<rules::FoundGateway> find_gateway(const ids::PnGwId& id) const;  ///< under the lock
  [[nodiscard]] GatewayInfo counted(GatewayInfo info) const;  ///< with device_count; under the lock

  Rows& rows_;
};

}  // namespace cpns::store::memory
