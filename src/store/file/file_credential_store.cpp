#include "store/file/file_credential_store.hpp"

#include "store/file/private_file.hpp"
#include "store/record_codec.hpp"

namespace cpns::store::file {

Result<DeviceRecord> FileCredentialStore::load() {
  CPNS_TRY(const auto content, read_private_file(file_, kMaxRecordSize));
  if (!content) return DeviceRecord{};
  auto record = parse_device_record(content->view());
  if (!record) record.error().got = file_.string() + ": " + record.error().got;
  return record;
}

Result<assign::Durable> FileCredentialStore::save(const DeviceRecord& record) {
  CPNS_TRY(const auto encoded, encode_device_record(record));
  CPNS_CHECK(ensure_private_folder(folder_of(file_)));
  CPNS_CHECK(replace_private_file(file_, encoded.view()));
  return after_commit();
}

}  // namespace cpns::store::file
