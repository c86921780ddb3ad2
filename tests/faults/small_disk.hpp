#pragma once
// A folder on a disk of its own that can be filled: a tmpfs in a mount namespace of the calling thread and of what it
// starts. Needs root.

#include <filesystem>

#include "core/base/result.hpp"

namespace cpns::faults {

/// Gives the calling thread mounts of its own, once. Fails with `named_file_unreadable` where this user may not.
[[nodiscard]] Result<void> take_own_mounts();

class SmallDisk {
 public:
  /// What lies in `folder` is copied onto the new disk; nobody may have it open. Fails with `named_file_unreadable`.
  [[nodiscard]] static Result<SmallDisk> mount(const std::filesystem::path& folder, std::size_t bytes);
  SmallDisk(SmallDisk&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  SmallDisk& operator=(SmallDisk&&) = delete;
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() = default;  ///< the mount goes with the thread

  /// Leaves room for so many bytes.
  void fill(std::size_t but);
  void make_room();

 private:
  explicit SmallDisk(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::filesystem::path filler() const { return folder_ / "filler"; }
  std::filesystem::path folder_;
};

}  // namespace cpns::faults
