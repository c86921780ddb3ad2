#pragma once
// Master keys as files of 32 bytes, mode 0600: `master.key` is number 1, `master-2.key` number 2 and so on.

#include "store/keys/open_key_source.hpp"

namespace cpns::store::keys {

/// `master.key`, `master-2.key`: the name of a key's file in its folder.
[[nodiscard]] std::string key_file_name(KeyNumber number, std::string_view extension);
/// The numbers of such files, in ascending order. Fails with `key_source_unusable`.
[[nodiscard]] Result<std::vector<KeyNumber>> numbers_of_files(const std::filesystem::path& folder,
                                                              std::string_view extension);
/// Overwrites the bytes, syncs, removes the name, syncs the folder. On a copy-on-write or flash medium old bytes may
/// live on all the same. Fails with `key_source_unusable`.
[[nodiscard]] Result<void> destroy_file(const std::filesystem::path& file);

class FileKeySource : public KeySource {
 public:
  explicit FileKeySource(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::string describe() const override { return "files of " + folder_.string(); }
  [[nodiscard]] Result<std::vector<KeyNumber>> numbers() override;
  [[nodiscard]] Result<secret::MasterKey> load(KeyNumber number) override;
  [[nodiscard]] Result<void> make(KeyNumber number, crypto::Random& random) override;
  [[nodiscard]] Result<void> remove(KeyNumber number) override;

 protected:
  [[nodiscard]] std::filesystem::path file_of(KeyNumber number) const;

 private:
  std::filesystem::path folder_;
};

/// The same files in a directory that the service manager fills and that nobody writes to afterwards.
class CredentialKeySource final : public FileKeySource {
 public:
  using FileKeySource::FileKeySource;

  [[nodiscard]] std::string describe() const override { return "credential directory"; }
  [[nodiscard]] Result<void> make(KeyNumber number, crypto::Random& random) override;
  [[nodiscard]] Result<void> remove(KeyNumber number) override;
};

}  // namespace cpns::store::keys
