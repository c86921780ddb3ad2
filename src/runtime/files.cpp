#include "runtime/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace cpns::runtime {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  [[nodiscard]] int release_and_close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

std::string cause() { return std::strerror(errno); }  // NOLINT(concurrency-mt-unsafe): only at start-up

Error unreadable(const Path& file, const std::string& why) { return {Code::file_not_read, file.string() + ": " + why}; }
Error unwritten(const Path& file, const std::string& why) {
  return {Code::file_not_written, file.string() + ": " + why};
}

struct Opened {
  std::unique_ptr<Descriptor> descriptor;
  struct stat about;
};

// O_NONBLOCK: a named pipe in the file's place must not hang the program.
Result<Opened> open_regular(const Path& file, std::size_t most) {
  Opened opened{std::make_unique<Descriptor>(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), {}};
  if (!opened.descriptor->open() || ::fstat(opened.descriptor->get(), &opened.about) != 0) {
    return unreadable(file, cause());
  }
  if (!S_ISREG(opened.about.st_mode)) return unreadable(file, "not a regular file");
  if (static_cast<std::uintmax_t>(opened.about.st_size) > most) {
    return Error{Code::file_not_read, file.string() + ": " + std::to_string(opened.about.st_size) + " bytes",
                 "at most " + std::to_string(most) + " bytes"};
  }
  return opened;
}

// Reads until the end or until `to` is full; the number of bytes, or -1 with errno.
ssize_t read_into(int fd, std::span<std::uint8_t> to) {
  std::size_t have = 0;
  while (have < to.size()) {
    const auto got = ::read(fd, to.data() + have, to.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(have);
}

bool write_all(int fd, ByteView content) {
  while (!content.empty()) {
    const auto done = ::write(fd, content.data(), content.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    content = content.subspan(static_cast<std::size_t>(done));
  }
  return true;
}

// Without this the new name itself could be lost in a crash.
bool sync_folder_of(const Path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : Path(".");
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return descriptor.open() && ::fsync(descriptor.get()) == 0;
}

Path temporary_beside(const Path& file) {
  static std::atomic<unsigned> count{0};
  auto name = file;
  name += "." + std::to_string(::getpid()) + "." + std::to_string(count++) + ".new";
  return name;
}

}  // namespace

Path resolve_path(const Path& base, std::string_view path) {
  const Path given(path);
  return given.is_absolute() ? given : base / given;
}

Result<mode_t> file_mode(const Path& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0) return unreadable(file, cause());
  return static_cast<mode_t>(about.st_mode & 07777U);
}

Result<Bytes> read_file(const Path& file, std::size_t most) {
  CPNS_TRY(const auto opened, open_regular(file, most));
  Bytes content(static_cast<std::size_t>(opened.about.st_size));
  const auto have = read_into(opened.descriptor->get(), content);
  if (have < 0) return unreadable(file, cause());
  content.resize(static_cast<std::size_t>(have));
  return content;
}

Result<secret::SecretBuffer> read_secret_file(const Path& file, std::size_t most) {
  CPNS_TRY(const auto opened, open_regular(file, most));
  if ((opened.about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Code::secret_file_open_to_others, file.string(), "mode 0600 or 0400"};
  }
  secret::SecretBuffer content(static_cast<std::size_t>(opened.about.st_size));
  const auto have = read_into(opened.descriptor->get(), content.writable());
  if (have < 0) return unreadable(file, cause());
  content.shrink(static_cast<std::size_t>(have));
  return content;
}

Result<void> write_file_atomically(const Path& file, ByteView content, mode_t mode) {
  const auto temporary = temporary_beside(file);
  Descriptor descriptor(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!descriptor.open()) return unwritten(file, cause());
  // fchmod: the umask may have taken bits away.
  const bool written = ::fchmod(descriptor.get(), mode) == 0 && write_all(descriptor.get(), content) &&
                       ::fsync(descriptor.get()) == 0 && descriptor.release_and_close() == 0 &&
                       ::rename(temporary.c_str(), file.c_str()) == 0;
  if (!written) {
    auto error = unwritten(file, cause());
    ::unlink(temporary.c_str());
    return error;
  }
  if (!sync_folder_of(file)) return unwritten(file, cause());
  return {};
}

Result<void> replace_bare_secret(const Path& file, ByteView content) {
  const Descriptor before(::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  CPNS_CHECK(write_file_atomically(file, content, S_IRUSR | S_IWUSR));
  struct stat about {};
  const bool ours = before.open() && ::fstat(before.get(), &about) == 0 && S_ISREG(about.st_mode);
  if (!ours || about.st_nlink != 0) return {};
  // Only after the new bytes are durable: else a crash here would lose the secret.
  const Bytes zeros(static_cast<std::size_t>(about.st_size));
  if (!write_all(before.get(), zeros) || ::fsync(before.get()) != 0) return unwritten(file, cause());
  return {};
}

Result<void> make_private_directory(const Path& directory) {
  if (::mkdir(directory.c_str(), S_IRWXU) == 0) {
    if (!sync_folder_of(directory)) return unwritten(directory, cause());
    return {};
  }
  if (errno != EEXIST) return unwritten(directory, cause());
  struct stat about {};
  if (::lstat(directory.c_str(), &about) != 0) return unwritten(directory, cause());
  if (!S_ISDIR(about.st_mode)) return unwritten(directory, "not a directory");
  if (about.st_uid != ::geteuid() || (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Code::directory_not_private, directory.string(), "mode 0700 and owned by the user who runs this"};
  }
  return {};
}

}  // namespace cpns::runtime
