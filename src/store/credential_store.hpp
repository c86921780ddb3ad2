#pragma once
// What a CM Device keeps: one small record, written whole. Synchronous: a device has one of everything.

#include <optional>

#include "core/assign/records.hpp"
#include "store/commit_proof.hpp"
#include "store/pairing_store.hpp"

namespace cpns::store {

/// The PN GW this device is paired with. Until the PN GW has answered on a PAN link made with `pan_psk`, the code's
/// secret is kept too, so that a crash of either side in between does not waste the code.
struct PairedGateway {
  PairingId pairing_id;
  std::optional<secret::PairingSecret> secret;
  std::optional<secret::TlsPsk> pan_psk;
  std::vector<ids::Endpoint> endpoints;  ///< 1-8 places of the PAN link
  bool pne = false;                      ///< joined as a PNE: no ID and key are asked for
};

/// What the device knows of its key's life. Records of before have none: their key counts as never renewed.
struct KeyLife {
  ids::UnixTime received_at;
  bool renewed = false;  ///< by this device itself: no PN GW has known this key [R1]
};

struct DeviceRecord {
  std::optional<PairedGateway> gateway;
  std::optional<assign::Credential> credential;  ///< from step 11 on
  std::optional<KeyLife> life{};                 ///< of the credential
};

class CredentialStore {
 public:
  virtual ~CredentialStore() = default;
  /// An empty record where nothing was saved yet. Fails with a Store error that names the file and what to do.
  [[nodiscard]] virtual Result<DeviceRecord> load() = 0;
  /// All or nothing: after a crash the old record or the new one is there, never a mixture.
  [[nodiscard]] virtual Result<assign::Durable> save(const DeviceRecord& record) = 0;
};

}  // namespace cpns::store
