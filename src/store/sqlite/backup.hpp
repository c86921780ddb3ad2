#pragma once
// Backups of a server's database: made while it is in use, checked before they are called good. A backup holds sealed
// secrets and no key; the master key is kept apart.

#include <filesystem>
#include <functional>

#include "store/sealer.hpp"

namespace cpns::store::sqlite {

/// Pages copied, and pages in all.
using CopyProgress = std::function<void(std::size_t done, std::size_t all)>;

/// What a check has found.
struct BackupReport {
  int schema_version = 0;
  std::size_t devices = 0;
  std::size_t pn_gws = 0;
  std::size_t opened = 0;           ///< sealed values, each opened under the master key
  std::uint64_t last_sequence = 0;  ///< of the revocation journal, 0 in versions without one
};

/// Copies `database`, as it stands at one moment, into the new file `to` (mode 0600), durably. Writers are not held up.
/// Fails with `backup_not_made`.
[[nodiscard]] Result<void> back_up(const std::filesystem::path& database, const std::filesystem::path& to,
                                   const CopyProgress& progress);

/// Structure, kind, version, and every sealed value. Fails with `backup_refused`.
[[nodiscard]] Result<BackupReport> check_backup(const std::filesystem::path& file, const Sealer& sealer);

/// Puts a copy of the checked `file` in the place of `database`, whose former file stays beside it as `.replaced`. No
/// program may have it open. Fails with `backup_not_made`.
[[nodiscard]] Result<void> restore(const std::filesystem::path& file, const std::filesystem::path& database,
                                   const CopyProgress& progress);

}  // namespace cpns::store::sqlite
