#pragma once
// The device's record in one file of mode 0600 (form: store/record_codec.hpp). Not thread-safe, as the interface;
// several processes may use it: each load sees one whole record, the last save stays.

#include <filesystem>

#include "store/credential_store.hpp"

namespace cpns::store::file {

class FileCredentialStore final : public CredentialStore, private CommitProof {
 public:
  /// Touches nothing yet.
  explicit FileCredentialStore(std::filesystem::path file) : file_(std::move(file)) {}

  /// Also fails with `store_is_not_private` where group or others have any right on the file.
  [[nodiscard]] Result<DeviceRecord> load() override;
  /// Makes the folder too (mode 0700), where it is missing.
  [[nodiscard]] Result<assign::Durable> save(const DeviceRecord& record) override;

 private:
  std::filesystem::path file_;
};

}  // namespace cpns::store::file
