#pragma once
// Files that only their owner may use, and what makes them durable. Every error names the path, what the system said
// and, for permissions, what to type. Safe from any thread.

#include <filesystem>
#include <optional>

#include "core/base/result.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::store::file {

/// Owns one file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

/// The folder that `file` stands in.
[[nodiscard]] std::filesystem::path folder_of(const std::filesystem::path& file);

/// Makes `folder` with mode 0700 where it is missing (its own parent must be there). Fails with `store_cannot_open`,
/// or `store_is_not_private` where group or others may write to it.
[[nodiscard]] Result<void> ensure_private_folder(const std::filesystem::path& folder);

/// Makes an empty `file` of mode 0600 where it is missing; nothing is opened where it is there. Fails with
/// `store_cannot_open`, or `store_is_not_private` where group or others have any right on it.
[[nodiscard]] Result<void> ensure_private_file(const std::filesystem::path& file);

/// Holds an advisory lock on a folder while it lives, against other processes and threads that ask for the same.
class FolderLock {
 public:
  /// Waits for it. Fails with `store_cannot_open`.
  [[nodiscard]] static Result<FolderLock> take(const std::filesystem::path& folder);
  /// Makes names in the folder durable. Fails with `store_write_failed`.
  [[nodiscard]] Result<void> sync() const;

 private:
  FolderLock(Descriptor descriptor, std::filesystem::path folder)
      : descriptor_(std::move(descriptor)), folder_(std::move(folder)) {}
  Descriptor descriptor_;
  std::filesystem::path folder_;
};

/// The whole of a private file, nullopt where it is missing. Fails with `store_cannot_open`, `store_read_failed`,
/// `store_is_not_private`, or `device_record_malformed` where it is longer than `limit` bytes.
[[nodiscard]] Result<std::optional<secret::SecretBuffer>> read_private_file(const std::filesystem::path& file,
                                                                            std::size_t limit);

/// Replaces `file` by `content`: written beside it, synced, renamed, and the folder synced. All or nothing. Fails with
/// `store_cannot_open` or `store_write_failed`.
[[nodiscard]] Result<void> replace_private_file(const std::filesystem::path& file, ByteView content);

/// The same where `file` is missing; else it stays as it is. Of several processes that do so at once one succeeds: read
/// the file afterwards.
[[nodiscard]] Result<void> make_private_file_once(const std::filesystem::path& file, ByteView content);

/// Opens a private file for appending. Fails with `store_cannot_open`.
[[nodiscard]] Result<Descriptor> open_for_append(const std::filesystem::path& file);

/// Writes at the end and syncs: on disk when it returns. Fails with `store_write_failed`; how much was written is then
/// not known.
[[nodiscard]] Result<void> append_durably(const Descriptor& descriptor, ByteView content,
                                          const std::filesystem::path& file);

/// Cuts the file to `size` bytes and syncs. Fails with `store_write_failed`.
[[nodiscard]] Result<void> cut_file(const Descriptor& descriptor, std::size_t size, const std::filesystem::path& file);

}  // namespace cpns::store::file
