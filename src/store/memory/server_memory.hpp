#pragma once
// The server's stores without a disk, for tests, fuzzers and benches: nothing outlives the object. Same rules, same
// sealing, same thread safety as a backend on disk; each Done is called before the verb returns, with no lock held.

#include <memory>

#include "store/audit_store.hpp"
#include "store/device_store.hpp"
#include "store/gateway_store.hpp"
#include "store/seal_store.hpp"
#include "store/token_store.hpp"

namespace cpns::store::memory {

/// Owns both stores, which share their rows: revoking a PN GW revokes its devices. `sealer` and `random` must outlive
/// it, `chain` too; without it nothing is recorded.
class ServerMemory {
 public:
  ServerMemory(Sealer& sealer, crypto::Random& random, const audit::Chain* chain = nullptr);
  ~ServerMemory();
  ServerMemory(const ServerMemory&) = delete;
  ServerMemory& operator=(const ServerMemory&) = delete;

  [[nodiscard]] DeviceStore& devices() noexcept;
  [[nodiscard]] GatewayStore& gateways() noexcept;
  [[nodiscard]] AuditStore& audit() noexcept;
  [[nodiscard]] SealStore& seals() noexcept;
  [[nodiscard]] TokenStore& tokens() noexcept;

  /// The sealed blob of each row that holds one, for tests of tampering and erasure: writable, not thread-safe.
  [[nodiscard]] std::vector<Bytes*> sealed_values();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace cpns::store::memory
