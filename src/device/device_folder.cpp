#include "device/device_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <thread>

#include "pngw/sealed_file.hpp"
#include "runtime/files.hpp"

namespace cpns::device {

Result<void> DeviceFolder::prepare() const {
  std::error_code ignored;
  const auto parent = std::filesystem::absolute(folder).lexically_normal().parent_path();
  std::filesystem::create_directories(parent, ignored);
  return runtime::make_private_directory(folder);
}

Result<secret::MasterKey> DeviceFolder::load_pan_key(crypto::Random& random, store::FileSeal& seal) const {
  std::error_code failed;
  if (!std::filesystem::exists(pan_key(), failed)) {
    secret::SecretBuffer fresh(secret::MasterKey::kSize);
    random.fill(fresh.writable());
    CPNS_CHECK(pngw::write_sealed_file(pan_key(), seal, pngw::kMasterKeyName, fresh.view()));
  }
  return pngw::read_sealed_master_key(pan_key(), seal);
}

ids::CorrelationId DeviceFolder::load_run_id(ids::CorrelationId otherwise) const {
  const auto text = runtime::read_file(run_id(), 64);
  if (!text) return otherwise;
  const auto bytes = from_hex(as_text(*text));
  if (!bytes) return otherwise;
  return ids::CorrelationId::from(*bytes).value_or(otherwise);
}

Result<void> DeviceFolder::save_run_id(const ids::CorrelationId& id) const {
  return runtime::write_file_atomically(run_id(), as_bytes(id.hex()), 0600);
}

std::chrono::milliseconds DeviceFolder::load_return_within() const {
  const auto text = runtime::read_file(return_within(), 16);
  std::uint32_t ms = 0;
  if (!text) return {};
  const auto digits = as_text(*text);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  return std::chrono::milliseconds(read.ec == std::errc{} ? ms : 0);
}

Result<void> DeviceFolder::save_return_within(std::chrono::milliseconds within) const {
  return runtime::write_file_atomically(return_within(), as_bytes(std::to_string(within.count())), 0600);
}

Result<FolderLock> FolderLock::take(const DeviceFolder& folder, std::chrono::milliseconds patience) {
  const int file = ::open(folder.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (file < 0) return Error{Code::file_not_written, folder.lock().string() + ": " + std::strerror(errno)};
  FolderLock lock(file);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      continue;
    }
    return Error{Code::device_busy, folder.folder.string(), "one cpns-device pair or run for one folder"};
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace cpns::device
