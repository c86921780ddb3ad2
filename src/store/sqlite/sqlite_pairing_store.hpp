#pragma once

#include "store/pairing_store.hpp"
#include "store/sqlite/database.hpp"

namespace cpns::store::sqlite {

/// See gateway_database.hpp.
class SqlitePairingStore final : public PairingStore {
 public:
  SqlitePairingStore(Database& database, Sealer& sealer, crypto::Random& random)
      : PairingStore(sealer, random), writer_(database.writer()), readers_(database.readers()) {}

  [[nodiscard]] Result<std::vector<PanPeerInfo>> list_peers(std::optional<PairingId> after, std::size_t limit) override;
  [[nodiscard]] Result<std::vector<stream::NodeId>> list_nodes(std::size_t limit) override;
  void erase_undelivered(PairingId id, Done done) override;

 protected:
  void raw_open_pairing(PairingRow row, Done done) override;
  [[nodiscard]] Result<std::optional<PairingRow>> raw_find_pairing(const PairingId& id, ids::UnixTime now) override;
  void raw_claim(PeerRow row, Done done) override;
  [[nodiscard]] Result<std::optional<PeerRow>> raw_find_peer(const PairingId& id) override;
  void raw_save_undelivered(UndeliveredRow row, Done done) override;
  [[nodiscard]] Result<std::optional<UndeliveredRow>> raw_find_undelivered(const PairingId& id) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace cpns::store::sqlite
