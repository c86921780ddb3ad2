#pragma once

#include "store/gateway_store.hpp"
#include "store/sqlite/database.hpp"

namespace cpns::store::sqlite {

/// See server_database.hpp.
class SqliteGatewayStore final : public GatewayStore {
 public:
  SqliteGatewayStore(Database& database, Sealer& sealer, crypto::Random& random)
      : GatewayStore(sealer, random), writer_(database.writer()), readers_(database.readers()) {}

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
  Writer& writer_;
  Readers& readers_;
};

}  // namespace cpns::store::sqlite
