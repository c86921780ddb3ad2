#pragma once
// The gateway's store without a disk; see server_memory.hpp.

#include <map>
#include <mutex>

#include "store/pairing_store.hpp"

namespace cpns::store::memory {

class MemoryPairingStore final : public PairingStore, private CommitProof {
 public:
  using PairingStore::PairingStore;

  [[nodiscard]] Result<std::vector<PanPeerInfo>> list_peers(std::optional<PairingId> after, std::size_t limit) override;
  [[nodiscard]] Result<std::vector<stream::NodeId>> list_nodes(std::size_t limit) override;
  void erase_undelivered(PairingId id, Done done) override;

  /// As ServerMemory::sealed_values.
  [[nodiscard]] std::vector<Bytes*> sealed_values();

 protected:
  void raw_open_pairing(PairingRow row, Done done) override;
  [[nodiscard]] Result<std::optional<PairingRow>> raw_find_pairing(const PairingId& id, ids::UnixTime now) override;
  void raw_claim(PeerRow row, Done done) override;
  [[nodiscard]] Result<std::optional<PeerRow>> raw_find_peer(const PairingId& id) override;
  void raw_save_undelivered(UndeliveredRow row, Done done) override;
  [[nodiscard]] Result<std::optional<UndeliveredRow>> raw_find_undelivered(const PairingId& id) override;

 private:
  std::mutex mutex_;
  std::map<PairingId, PairingRow> pairings_;
  std::map<PairingId, PeerRow> peers_;
  std::map<PairingId, UndeliveredRow> undelivered_;
};

}  // namespace cpns::store::memory
