#pragma once
// A device's store without a disk, for tests. Not thread-safe, as the interface.

#include "store/credential_store.hpp"

namespace cpns::store::memory {

class MemoryCredentialStore final : public CredentialStore, private CommitProof {
 public:
  [[nodiscard]] Result<DeviceRecord> load() override;
  [[nodiscard]] Result<assign::Durable> save(const DeviceRecord& record) override;

 private:
  secret::SecretBuffer encoded_;
};

}  // namespace cpns::store::memory
