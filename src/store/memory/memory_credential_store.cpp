#include "store/memory/memory_credential_store.hpp"

#include "store/record_codec.hpp"

namespace cpns::store::memory {

Result<DeviceRecord> MemoryCredentialStore::load() {
  if (encoded_.empty()) return DeviceRecord{};
  return parse_device_record(encoded_.view());
}

Result<assign::Durable> MemoryCredentialStore::save(const DeviceRecord& record) {
  CPNS_TRY(encoded_, encode_device_record(record));
  return after_commit();
}

}  // namespace cpns::store::memory
