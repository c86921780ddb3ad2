#pragma once
// Where a CM Device keeps its things: one folder, mode 0700.

#include <chrono>
#include <filesystem>

#include "core/base/result.hpp"
#include "core/crypto/random.hpp"
#include "core/ids/ids.hpp"
#include "core/secret/keys.hpp"
#include "store/file_seal.hpp"

namespace cpns::device {

struct DeviceFolder {
  std::filesystem::path folder;

  [[nodiscard]] std::filesystem::path record() const { return folder / "device.record"; }
  [[nodiscard]] std::filesystem::path lock() const { return folder / "lock"; }
  [[nodiscard]] std::filesystem::path run_id() const { return folder / "run-id"; }
  [[nodiscard]] std::filesystem::path node_id() const { return folder / "node-id"; }
  [[nodiscard]] std::filesystem::path return_within() const { return folder / "return-within"; }
  [[nodiscard]] std::filesystem::path standing_path() const { return folder / "standing-path"; }

  // Of the PN GW module, where this device serves PNEs:
  [[nodiscard]] std::filesystem::path pan_database() const { return folder / "pan.db"; }
  [[nodiscard]] std::filesystem::path pan_key() const { return folder / "pan.key"; }
  [[nodiscard]] std::filesystem::path pan_address() const { return folder / "pan.address"; }

  /// Makes it where it is missing. Fails with `file_not_written` or `directory_not_private`.
  [[nodiscard]] Result<void> prepare() const;

  /// The key that seals the PN GW module's database, itself sealed; made where there is none. Fails like
  /// pngw::read_sealed_master_key.
  [[nodiscard]] Result<secret::MasterKey> load_pan_key(crypto::Random& random, store::FileSeal& seal) const;

  /// The correlation id of the assignment, so that the logs of later links stand under the same run. No secret; a
  /// fresh one where there is none.
  [[nodiscard]] ids::CorrelationId load_run_id(ids::CorrelationId otherwise) const;
  [[nodiscard]] Result<void> save_run_id(const ids::CorrelationId& id) const;

  /// What the Server said last of when its devices are to come back; 0 where it has said nothing. No secret.
  [[nodiscard]] std::chrono::milliseconds load_return_within() const;
  [[nodiscard]] Result<void> save_return_within(std::chrono::milliseconds within) const;
};

/// Held by the one process that may pair or run in a folder.
class FolderLock {
 public:
  /// Waits up to `patience` for another one: a request holds it for moments. Fails with `device_busy` or
  /// `file_not_written`.
  [[nodiscard]] static Result<FolderLock> take(const DeviceFolder& folder,
                                               std::chrono::milliseconds patience = std::chrono::milliseconds(500));
  FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

}  // namespace cpns::device
