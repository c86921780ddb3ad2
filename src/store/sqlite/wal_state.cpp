#include "store/sqlite/wal_state.hpp"

#include <sqlite3.h>

#include <atomic>

namespace cpns::store::sqlite {
namespace {

constexpr int kRegion = 32768;  ///< bytes of the index that are mapped together
constexpr std::size_t kCopy = 12;
constexpr std::uint32_t kVersion = 3007000;

/// Words of a copy.
enum Word : std::size_t { Version = 0, Commits = 2, Pages = 5, Checksum = 6 };

std::uint32_t word(std::uint32_t* header, std::size_t at) noexcept {
  return std::atomic_ref(header[at]).load(std::memory_order_acquire);
}

WalState copy_at(std::uint32_t* header, std::size_t from) noexcept {
  return {word(header, from + Commits), word(header, from + Pages),
          std::uint64_t{word(header, from + Checksum)} << 32U | word(header, from + Checksum + 1)};
}

}  // namespace

WalWatch::WalWatch(Connection& connection) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return;
  if (file == nullptr || file->pMethods == nullptr || file->pMethods->iVersion < 2) return;
  volatile void* mapped = nullptr;
  // It is mapped already; this asks where, and makes nothing.
  if (file->pMethods->xShmMap(file, 0, kRegion, 0, &mapped) != SQLITE_OK || mapped == nullptr) return;
  header_ = static_cast<std::uint32_t*>(const_cast<void*>(mapped));
}

// SQLite writes the second copy first. What both say was written as one.
std::optional<WalState> WalWatch::look() const noexcept {
  if (header_ == nullptr || word(header_, Version) != kVersion) return std::nullopt;
  const auto first = copy_at(header_, 0);
  if (first != copy_at(header_, kCopy)) return std::nullopt;
  return first;
}

}  // namespace cpns::store::sqlite
