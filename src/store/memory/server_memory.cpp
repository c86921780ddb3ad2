#include "store/memory/server_memory.hpp"

#include "store/memory/memory_audit_store.hpp"
#include "store/memory/memory_device_store.hpp"
#include "store/memory/memory_gateway_store.hpp"
#include "store/memory/memory_seal_store.hpp"
#include "store/memory/memory_token_store.hpp"

namespace cpns::store::memory {

struct ServerMemory::Parts {
  Parts(Sealer& sealer, crypto::Random& random, const audit::Chain* chain)
      : devices(rows, sealer, random),
        gateways(rows, sealer, random),
        audit(rows),
        seals(rows, sealer, random),
        tokens(rows) {
    rows.chain = chain;
  }
  Rows rows;
  MemoryDeviceStore devices;
  MemoryGatewayStore gateways;
  MemoryAuditStore audit;
  MemorySealStore seals;
  MemoryTokenStore tokens;
};

ServerMemory::ServerMemory(Sealer& sealer, crypto::Random& random, const audit::Chain* chain)
    : parts_(std::make_unique<Parts>(sealer, random, chain)) {}
ServerMemory::~ServerMemory() = default;

DeviceStore& ServerMemory::devices() noexcept { return parts_->devices; }
GatewayStore& ServerMemory::gateways() noexcept { return parts_->gateways; }
AuditStore& ServerMemory::audit() noexcept { return parts_->audit; }
SealStore& ServerMemory::seals() noexcept { return parts_->seals; }
TokenStore& ServerMemory::tokens() noexcept { return parts_->tokens; }

std::vector<Bytes*> ServerMemory::sealed_values() {
  std::vector<Bytes*> values;
  for (auto& [id, row] : parts_->rows.devices) values.push_back(&row.sealed_key_seed);
  for (auto& [id, row] : parts_->rows.tokens) values.push_back(&row.sealed_secret);
  return values;
}

}  // namespace cpns::store::memory
