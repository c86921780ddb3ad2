#pragma once
// The device's record in one file of mode 0600 (form: store/record_codec.hpp), sealed with what the machine has [K2].
// Not thread-safe, as the interface; several processes may use it: each load sees one whole record, the last save
// stays.

#include <filesystem>
#include <memory>

#include "store/credential_store.hpp"
#include "store/file_seal.hpp"

namespace cpns::store::file {

class FileCredentialStore final : public CredentialStore, private CommitProof {
 public:
  /// Touches nothing yet. Without a seal the record stands in the file as it is.
  explicit FileCredentialStore(std::filesystem::path file, std::unique_ptr<FileSeal> seal = nullptr)
      : file_(std::move(file)), seal_(std::move(seal)) {}

  /// A record of before, which is not sealed, is read all the same; the next save seals it. Also fails with the errors
  /// of FileSeal, and with `store_is_not_private` where group or others have any right on the file.
  [[nodiscard]] Result<DeviceRecord> load() override;
  /// Makes the folder too (mode 0700), where it is missing.
  [[nodiscard]] Result<assign::Durable> save(const DeviceRecord& record) override;

 private:
  std::filesystem::path file_;
  std::unique_ptr<FileSeal> seal_;
};

}  // namespace cpns::store::file
