#include "server/folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cpns::server {

Result<FolderLock> FolderLock::take(const Folder& folder) {
  const auto path = folder.lock_file();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0)
    return Error{Code::file_not_written, path.string() + ": " + std::strerror(errno), "a folder of cpns-server init"};
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    return Error{Code::server_already_running, folder.root.string(), "a folder of its own for each server"};
  }
  return FolderLock(file);
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace cpns::server
