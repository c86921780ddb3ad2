#include "cli/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/secret/secret_bytes.hpp"

namespace cpns::cli {

Result<void> write_secret_file(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  const auto written = file < 0 ? -1 : ::write(file, text.data(), text.size());
  const std::string cause = std::strerror(errno);
  const bool whole = written == static_cast<ssize_t>(text.size());
  if (file >= 0) ::close(file);
  if (whole) return {};
  return Error{Code::named_file_unreadable, path + ": " + cause, "a new file"};
}

Result<std::string> read_secret_line(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat found {};
  if (file < 0 || ::fstat(file, &found) != 0) {
    const std::string cause = std::strerror(errno);
    if (file >= 0) ::close(file);
    return Error{Code::named_file_unreadable, path + ": " + cause, "a file with a token"};
  }
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    ::close(file);
    return Error{Code::secret_file_open_to_others, path, "mode 0600: chmod 600 " + path};
  }
  std::array<std::uint8_t, 512> bytes{};
  const auto size = ::read(file, bytes.data(), bytes.size());
  ::close(file);
  std::string line(reinterpret_cast<const char*>(bytes.data()), size > 0 ? static_cast<std::size_t>(size) : 0);
  secret::wipe(bytes);
  line.resize(std::min(line.size(), line.find_first_of("\r\n")));
  if (line.empty()) return Error{Code::named_file_unreadable, path + ": empty", "a file with a token"};
  return line;
}

}  // namespace cpns::cli
