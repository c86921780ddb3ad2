#include "gateway/new_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/encoding.hpp"
#include "runtime/files.hpp"

namespace cpns::gateway {

namespace fs = std::filesystem;

Result<NewFolder> NewFolder::make(const GatewayFolder& wanted, crypto::Random& random) {
  std::error_code failed;
  if (fs::exists(wanted.folder, failed) && !fs::is_empty(wanted.folder, failed)) {
    return Error{Code::gateway_folder_in_use, wanted.folder.string(), "a folder that is missing or empty"};
  }
  auto path = fs::absolute(wanted.folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  fs::create_directories(path.parent_path(), failed);
  NewFolder made(path, fs::path(path.string() + ".new-" + to_hex(random.bytes<4>())));
  if (auto done = runtime::make_private_directory(made.folder_.folder); !done) {
    return Error{Code::gateway_folder_not_made, done.error().got};
  }
  return made;
}

NewFolder::~NewFolder() {
  std::error_code ignored;
  if (!folder_.folder.empty()) fs::remove_all(folder_.folder, ignored);
}

Result<void> NewFolder::keep() {
  if (::rename(folder_.folder.c_str(), wanted_.c_str()) != 0) {
    return Error{Code::gateway_folder_not_made, wanted_.string() + ": " + std::strerror(errno)};
  }
  folder_.folder.clear();
  const int parent = ::open(wanted_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = parent >= 0 && ::fsync(parent) == 0;
  if (parent >= 0) ::close(parent);
  if (!synced) return Error{Code::gateway_folder_not_made, wanted_.string() + ": its name could not be synced"};
  return {};
}

}  // namespace cpns::gateway
