#pragma once
// What an External PN GW keeps: open pairing codes, the devices it is paired with, and credentials on their way
// between a verified step 10 and the device's receipt [G2]. All secrets sealed. `cpns-gateway pair` writes while
// `cpns-gateway run` reads, from two processes. Thread and durability rules as in device_store.hpp.

#include <optional>
#include <vector>

#include "core/assign/records.hpp"
#include "core/crypto/random.hpp"
#include "core/stream/frame.hpp"
#include "store/commit_proof.hpp"
#include "store/sealer.hpp"

namespace cpns::store {

using PairingId = ids::OpaqueId<8, struct PairingTag>;

/// An open pairing code: single use.
struct Pairing {
  PairingId pairing_id;
  secret::PairingSecret secret;
  ids::UnixTime created_at;
  ids::UnixTime expires_at;
};

/// A device that has used its code; `pan_psk` is what later PAN links authenticate with.
struct PanPeer {
  PairingId pairing_id;
  ids::DeviceName device_name;
  secret::TlsPsk pan_psk;
  ids::UnixTime paired_at;
  std::optional<stream::NodeId> node_id{};  ///< of a PNE that has joined; none: a device that asked for a key
};

/// What may be shown of a peer: no secret.
struct PanPeerInfo {
  PairingId pairing_id;
  ids::DeviceName device_name;
  ids::UnixTime paired_at;
  bool credential_waiting;  ///< a credential has not been received by the device yet
};

class PairingStore {
 public:
  /// Both are used from every thread that calls a verb, and must outlive the store.
  PairingStore(Sealer& sealer, crypto::Random& random) : sealer_(sealer), random_(random) {}
  virtual ~PairingStore() = default;
  PairingStore(const PairingStore&) = delete;
  PairingStore& operator=(const PairingStore&) = delete;

  static constexpr std::size_t kMaxOpenPairings = 16;

  /// Also drops pairings that have expired by `created_at`. At most 16 open: `too_many_open_pairings`.
  void open_pairing(Pairing pairing, Done done);
  /// Unused and unexpired ones only; a code has expired from the second `expires_at` on.
  [[nodiscard]] Result<std::optional<Pairing>> find_pairing(const PairingId& id, ids::UnixTime now);
  /// Uses the code up and remembers the peer, in one transaction. Fails with `pairing_code_used` where it is not
  /// open at `paired_at`.
  void claim(PanPeer peer, Done done);
  [[nodiscard]] Result<std::optional<PanPeer>> find_peer(const PairingId& id);
  /// One page in order of pairing_id, from the one after `after`.
  [[nodiscard]] virtual Result<std::vector<PanPeerInfo>> list_peers(std::optional<PairingId> after,
                                                                    std::size_t limit) = 0;

  /// The node_ids of PNEs that have joined, each once, the latest first [X10].
  [[nodiscard]] virtual Result<std::vector<stream::NodeId>> list_nodes(std::size_t limit) = 0;

  /// [G2] The credential of one peer, replacing an earlier one. Fails with `pan_peer_not_found`.
  void save_undelivered(PairingId id, const assign::Credential& credential, ids::CorrelationId correlation_id,
                        Done done);
  struct Undelivered {
    assign::Credential credential;
    ids::CorrelationId correlation_id;
  };
  [[nodiscard]] Result<std::optional<Undelivered>> find_undelivered(const PairingId& id);
  /// After the receipt: the sealed copy is gone [G2]. One that is no longer there counts as done.
  virtual void erase_undelivered(PairingId id, Done done) = 0;

 protected:
  struct PairingRow {
    PairingId pairing_id;
    Bytes sealed_secret;
    ids::UnixTime created_at;
    ids::UnixTime expires_at;
  };
  struct PeerRow {
    PairingId pairing_id;
    ids::DeviceName device_name;
    Bytes sealed_pan_psk;
    ids::UnixTime paired_at;
    std::optional<stream::NodeId> node_id;
  };
  struct UndeliveredRow {
    PairingId pairing_id;
    ids::CorrelationId correlation_id;
    Bytes sealed_credential;  ///< as store/record_codec.hpp encodes it, sealed
  };
  virtual void raw_open_pairing(PairingRow row, Done done) = 0;
  [[nodiscard]] virtual Result<std::optional<PairingRow>> raw_find_pairing(const PairingId& id, ids::UnixTime now) = 0;
  virtual void raw_claim(PeerRow row, Done done) = 0;
  [[nodiscard]] virtual Result<std::optional<PeerRow>> raw_find_peer(const PairingId& id) = 0;
  virtual void raw_save_undelivered(UndeliveredRow row, Done done) = 0;
  [[nodiscard]] virtual Result<std::optional<UndeliveredRow>> raw_find_undelivered(const PairingId& id) = 0;

 private:
  Sealer& sealer_;
  crypto::Random& random_;
};

}  // namespace cpns::store
