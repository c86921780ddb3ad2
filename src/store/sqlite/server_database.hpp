#pragma once
// The CPNS Server's database: one SQLite file with its devices, PN GWs and enrolment tokens. WAL, synchronous=FULL;
// writes of all callers are grouped into commits by one writer thread, reads go to connections of their own. The stores
// may be used from any thread until the destructor begins.

#include <filesystem>
#include <memory>

#include "store/audit_store.hpp"
#include "store/device_store.hpp"
#include "store/gateway_store.hpp"
#include "store/seal_store.hpp"
#include "store/sqlite/options.hpp"
#include "store/token_store.hpp"

namespace cpns::store::sqlite {

class ServerDatabase {
 public:
  /// Opens `file`, or makes it (mode 0600; its folder too, mode 0700) and brings it to this version's schema. `sealer`
  /// and `random` must outlive it. Fails with `store_cannot_open`, `store_is_not_private`, `store_is_newer`,
  /// `store_is_of_another_kind`, `store_is_damaged`, `store_busy` or `store_upgrade_failed`, naming the file. With a
  /// journal that is ahead the rest is carried out again before anybody can read; with one that is behind it fails with
  /// `revocation_journal_lost`. A journal that was just made is filled from the database.
  [[nodiscard]] static Result<std::unique_ptr<ServerDatabase>> open(const std::filesystem::path& file, Sealer& sealer,
                                                                    crypto::Random& random, Options options = {});
  /// Carries out every write that was begun, calls its Done, then closes.
  ~ServerDatabase();
  ServerDatabase(const ServerDatabase&) = delete;
  ServerDatabase& operator=(const ServerDatabase&) = delete;

  [[nodiscard]] DeviceStore& devices() noexcept;
  [[nodiscard]] GatewayStore& gateways() noexcept;
  /// With `Options::audit` missing, `append` does nothing.
  [[nodiscard]] AuditStore& audit() noexcept;
  [[nodiscard]] SealStore& seals() noexcept;
  [[nodiscard]] TokenStore& tokens() noexcept;
  /// Of the rows of devices that are kept in memory: look-ups that they answered, and their bytes.
  struct CacheUse {
    std::uint64_t hits;
    std::size_t bytes;
  };
  [[nodiscard]] CacheUse cache_use() const;
  /// Revocations that `open` carried out again: the database was restored from a backup.
  [[nodiscard]] std::size_t replayed() const noexcept { return replayed_; }

 private:
  struct Parts;
  explicit ServerDatabase(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
  std::size_t replayed_ = 0;
};

}  // namespace cpns::store::sqlite
