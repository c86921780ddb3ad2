#pragma once
// The revocation journal as a file that only grows: place it on another disk than the database, and keep it out of the
// database's backups. Each entry is chained to the one before by an HMAC under a key of the server's own.
//
//   file:   "CPNSREV1" | base sequence 8 | tag 32 | entries
//   entry:  size 2 | sequence 8 | kind 1 | at 8 | until 8 | subject | tag 32
//
// `size` counts from sequence to subject. All numbers big-endian. tag = HMAC-SHA-256(key, tag before | entry without
// its tag). An entry that a crash cut short at the very end was never acknowledged: it is dropped.

#include <filesystem>
#include <memory>

#include "core/secret/keys.hpp"
#include "store/file/private_file.hpp"
#include "store/revocation.hpp"

namespace cpns::store::file {

class FileRevocationJournal final : public RevocationJournal {
 public:
  /// Reads the whole of `file`, or makes it (mode 0600). Entries whose time is over by `now` are left out for good.
  /// Fails with `revocation_journal_damaged`, `store_is_not_private`, `store_cannot_open`, `store_write_failed`.
  [[nodiscard]] static Result<std::unique_ptr<FileRevocationJournal>> open(const std::filesystem::path& file,
                                                                           secret::JournalKey key, ids::UnixTime now);
  [[nodiscard]] Result<void> append(std::span<const Revocation> revocations) override;
  [[nodiscard]] std::uint64_t last() const noexcept override { return last_; }
  [[nodiscard]] std::vector<Revocation> after(std::uint64_t sequence) const override;
  /// Whether `open` made the file.
  [[nodiscard]] bool fresh() const noexcept { return fresh_; }

 private:
  using Tag = std::array<std::uint8_t, 32>;
  FileRevocationJournal(std::filesystem::path file, secret::JournalKey key)
      : file_(std::move(file)), key_(std::move(key)) {}
  [[nodiscard]] Result<void> read(ByteView bytes);
  [[nodiscard]] Result<void> rewrite();
  [[nodiscard]] Tag chain(const Tag& before, ByteView entry) const;
  [[nodiscard]] Bytes header() const;
  [[nodiscard]] Error damaged(std::string what) const;

  std::filesystem::path file_;
  secret::JournalKey key_;
  std::vector<Revocation> entries_;
  std::uint64_t base_ = 0;
  std::uint64_t last_ = 0;
  Tag tag_{};
  std::size_t good_size_ = 0;  ///< bytes of the file that are whole entries
  std::optional<Descriptor> open_;
  bool fresh_ = false;
  bool broken_ = false;  ///< nobody knows how the file ends
};

}  // namespace cpns::store::file
