#include "gateway/gateway_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "pngw/pan_address.hpp"
#include "pngw/sealed_file.hpp"
#include "runtime/files.hpp"

namespace cpns::gateway {
namespace {

int open_lock(const GatewayFolder& folder, int flags) {
  return ::open(folder.lock().c_str(), flags | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
}

}  // namespace

Result<void> GatewayFolder::check() const {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(config(), failed)) {
    return Error{Code::gateway_not_enrolled_here, folder.string(), "a folder with gateway.toml in it"};
  }
  return runtime::make_private_directory(folder);
}

Result<secret::MasterKey> GatewayFolder::load_master_key(store::FileSeal& seal) const {
  return pngw::read_sealed_master_key(master_key(), seal);
}

Result<RunLock> RunLock::take(const GatewayFolder& folder) {
  CPNS_CHECK(runtime::make_private_directory(folder.run_folder()));
  const int file = open_lock(folder, O_RDWR | O_CREAT);
  if (file < 0) return Error{Code::file_not_written, folder.lock().string() + ": " + std::strerror(errno)};
  RunLock lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    return Error{Code::gateway_already_running, folder.folder.string(), "one run for one folder"};
  }
  return lock;
}

bool RunLock::is_taken(const GatewayFolder& folder) {
  const int file = open_lock(folder, O_RDWR);
  if (file < 0) return false;
  const bool taken = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return taken;
}

RunLock::~RunLock() {
  if (file_ >= 0) ::close(file_);
}

Result<std::vector<ids::Endpoint>> endpoints_of_running(const GatewayFolder& folder) {
  auto endpoints =
      RunLock::is_taken(folder) ? pngw::left_endpoints(folder.pan_address()) : std::vector<ids::Endpoint>{};
  if (endpoints.empty()) {
    return Error{Code::gateway_not_running, folder.folder.string(), "a running `cpns-gateway run`"};
  }
  return endpoints;
}

}  // namespace cpns::gateway
