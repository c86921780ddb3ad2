#include "store/file/file_credential_store.hpp"

#include "store/file/private_file.hpp"
#include "store/record_codec.hpp"

namespace cpns::store::file {

namespace {

constexpr std::string_view kSealedName = "device record";

}  // namespace

Result<DeviceRecord> FileCredentialStore::load() {
  CPNS_TRY(auto content, read_private_file(file_, kMaxRecordSize + kFileSealOverhead));
  if (!content) return DeviceRecord{};
  if (is_sealed_file(content->view())) {
    if (!seal_) {
      return Error{Code::local_seal_unusable, file_.string() + " is sealed", "a program that can open it"};
    }
    CPNS_TRY(content, seal_->open(kSealedName, content->view()));
  }
  auto record = parse_device_record(content->view());
  if (!record) record.error().got = file_.string() + ": " + record.error().got;
  return record;
}

Result<assign::Durable> FileCredentialStore::save(const DeviceRecord& record) {
  CPNS_TRY(const auto encoded, encode_device_record(record));
  CPNS_CHECK(ensure_private_folder(folder_of(file_)));
  if (seal_) {
    CPNS_TRY(const auto sealed, seal_->seal(kSealedName, encoded.view()));
    CPNS_CHECK(replace_private_file(file_, sealed));
  } else {
    CPNS_CHECK(replace_private_file(file_, encoded.view()));
  }
  return after_commit();
}

}  // namespace cpns::store::file
