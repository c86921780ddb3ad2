#include "store/file/private_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace cpns::store::file {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

Error failure(Code code, const std::filesystem::path& path, std::string_view act, int number) {
  return Error{code, path.string() + ": " + std::string(act) + ": " + std::system_category().message(number),
               "a path that this user may use"};
}

Error not_private(const std::filesystem::path& path, std::string_view rights, std::string_view mode) {
  return Error{Code::store_is_not_private, path.string() + " with rights of group or others" + std::string(rights),
               "chmod " + std::string(mode) + " " + path.string()};
}

/// The system call again for as long as a signal cuts it short.
template <class Call>
auto restarting(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

Result<void> sync(int descriptor, const std::filesystem::path& path) {
  if (restarting([&] { return ::fsync(descriptor); }) == 0) return {};
  return failure(Code::store_write_failed, path, "fsync", errno);
}

Result<void> write_all(int descriptor, ByteView content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const auto written = restarting([&] { return ::write(descriptor, content.data(), content.size()); });
    if (written < 0) return failure(Code::store_write_failed, path, "write", errno);
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  const auto folder = file.parent_path();
  return folder.empty() ? std::filesystem::path(".") : folder;
}

Result<void> ensure_private_folder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), S_IRWXU) == 0) {
    CPNS_TRY(const auto parent, FolderLock::take(folder_of(folder)));
    return parent.sync();
  }
  if (errno != EEXIST) return failure(Code::store_cannot_open, folder, "mkdir", errno);
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) return failure(Code::store_cannot_open, folder, "stat", errno);
  if (!S_ISDIR(found.st_mode)) return failure(Code::store_cannot_open, folder, "stat", ENOTDIR);
  if ((found.st_mode & kOthersWrite) != 0) return not_private(folder, " to write", "700");
  return {};
}

Result<void> ensure_private_file(const std::filesystem::path& file) {
  const Descriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (made.number() >= 0) return sync(made.number(), file);
  if (errno != EEXIST) return failure(Code::store_cannot_open, file, "open", errno);
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return failure(Code::store_cannot_open, file, "stat", errno);
  if (!S_ISREG(found.st_mode)) return failure(Code::store_cannot_open, file, "stat", EINVAL);
  if ((found.st_mode & kOthers) != 0) return not_private(file, "", "600");
  return {};
}

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.number() < 0) return failure(Code::store_cannot_open, folder, "open", errno);
  if (restarting([&] { return ::flock(descriptor.number(), LOCK_EX); }) != 0) {
    return failure(Code::store_cannot_open, folder, "flock", errno);
  }
  return FolderLock(std::move(descriptor), folder);
}

Result<void> FolderLock::sync() const { return file::sync(descriptor_.number(), folder_); }

Result<std::optional<secret::SecretBuffer>> read_private_file(const std::filesystem::path& file, std::size_t limit) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.number() < 0) {
    if (errno == ENOENT) return std::optional<secret::SecretBuffer>();
    return failure(Code::store_cannot_open, file, "open", errno);
  }
  struct stat found {};
  if (::fstat(descriptor.number(), &found) != 0) return failure(Code::store_cannot_open, file, "fstat", errno);
  if (!S_ISREG(found.st_mode)) return failure(Code::store_cannot_open, file, "open", EINVAL);
  if ((found.st_mode & kOthers) != 0) return not_private(file, "", "600");
  // One byte more than there is, or than is allowed, so that a file that is too long shows itself.
  secret::SecretBuffer content(std::min(limit, static_cast<std::size_t>(found.st_size)) + 1);
  std::size_t used = 0;
  while (used < content.size()) {
    const auto to = content.writable().subspan(used);
    const auto got = restarting([&] { return ::read(descriptor.number(), to.data(), to.size()); });
    if (got < 0) return failure(Code::store_read_failed, file, "read", errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  if (used > limit) {
    return Error{Code::device_record_malformed, file.string() + " of more than " + std::to_string(limit) + " bytes",
                 "a record of cpns-device"};
  }
  content.shrink(used);
  return std::optional(std::move(content));
}

namespace {

enum class Existing : std::uint8_t { Replaced, Kept };

Result<void> put_file(const std::filesystem::path& file, ByteView content, Existing existing) {
  // One name for what a crash may leave behind: the next save removes it, so copies of secrets do not pile up.
  auto beside = file;
  beside += ".new";
  CPNS_TRY(const auto folder, FolderLock::take(folder_of(file)));
  if (existing == Existing::Kept && ::access(file.c_str(), F_OK) == 0) return {};
  if (::unlink(beside.c_str()) != 0 && errno != ENOENT) {
    return failure(Code::store_write_failed, beside, "unlink", errno);
  }
  const auto written = [&]() -> Result<void> {
    const Descriptor descriptor(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (descriptor.number() < 0) return failure(Code::store_cannot_open, beside, "open", errno);
    CPNS_CHECK(write_all(descriptor.number(), content, beside));
    CPNS_CHECK(sync(descriptor.number(), beside));
    if (::rename(beside.c_str(), file.c_str()) != 0) return failure(Code::store_write_failed, file, "rename", errno);
    return {};
  }();
  if (!written) {
    ::unlink(beside.c_str());
    return written;
  }
  return folder.sync();
}

}  // namespace

Result<void> replace_private_file(const std::filesystem::path& file, ByteView content) {
  return put_file(file, content, Existing::Replaced);
}

Result<void> make_private_file_once(const std::filesystem::path& file, ByteView content) {
  return put_file(file, content, Existing::Kept);
}

Result<Descriptor> open_for_append(const std::filesystem::path& file) {
  const int number = restarting([&] { return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC); });
  if (number < 0) return failure(Code::store_cannot_open, file, "open", errno);
  return Descriptor(number);
}

Result<void> append_durably(const Descriptor& descriptor, ByteView content, const std::filesystem::path& file) {
  CPNS_CHECK(write_all(descriptor.number(), content, file));
  return sync(descriptor.number(), file);
}

Result<void> cut_file(const Descriptor& descriptor, std::size_t size, const std::filesystem::path& file) {
  if (restarting([&] { return ::ftruncate(descriptor.number(), static_cast<off_t>(size)); }) != 0) {
    return failure(Code::store_write_failed, file, "ftruncate", errno);
  }
  return sync(descriptor.number(), file);
}

}  // namespace cpns::store::file
