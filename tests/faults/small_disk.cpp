#include "faults/small_disk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace cpns::faults {
namespace {

namespace fs = std::filesystem;

Error failed(const std::string& what) {
  return {Code::named_file_unreadable, what + ": " + std::strerror(errno), "a user who may mount"};
}

}  // namespace

Result<void> take_own_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) return failed("unshare");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("mount");
  return {};
}

Result<SmallDisk> SmallDisk::mount(const fs::path& folder, std::size_t bytes) {
  const auto aside = fs::path(folder.string() + ".aside");
  std::error_code error;
  fs::create_directory(folder, error);
  fs::permissions(folder, fs::perms::owner_all, error);
  fs::copy(folder, aside, fs::copy_options::recursive, error);
  if (error) return Error{Code::named_file_unreadable, aside.string(), error.message()};
  const auto options = "mode=0700,size=" + std::to_string(bytes);
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, options.c_str()) != 0) return failed(folder.string());
  for (const auto& entry : fs::directory_iterator(aside)) {
    fs::copy(entry.path(), folder / entry.path().filename(), fs::copy_options::recursive, error);
    if (error) return Error{Code::named_file_unreadable, entry.path().string(), error.message()};
  }
  fs::remove_all(aside, error);
  return SmallDisk(folder);
}

void SmallDisk::fill(std::size_t but) {
  make_room();
  struct statvfs found {};
  if (::statvfs(folder_.c_str(), &found) != 0) return;
  const auto free = static_cast<std::size_t>(found.f_bavail) * found.f_bsize;
  const int file = ::open(filler().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return;
  static constexpr std::array<char, 4096> kPage{};
  for (std::size_t written = 0; written + but + kPage.size() <= free; written += kPage.size()) {
    if (::write(file, kPage.data(), kPage.size()) != static_cast<ssize_t>(kPage.size())) break;
  }
  ::close(file);
}

void SmallDisk::make_room() { ::unlink(filler().c_str()); }

}  // namespace cpns::faults
