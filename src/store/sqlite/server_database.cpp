#include "store/sqlite/server_database.hpp"

#include "store/sqlite/catch_up.hpp"
#include "store/sqlite/sqlite_audit_store.hpp"
#include "store/sqlite/sqlite_device_store.hpp"
#include "store/sqlite/sqlite_gateway_store.hpp"
#include "store/sqlite/sqlite_seal_store.hpp"
#include "store/sqlite/sqlite_token_store.hpp"

namespace cpns::store::sqlite {

struct ServerDatabase::Parts {
  Parts(std::unique_ptr<Database> opened, std::size_t cache_bytes, Sealer& sealer, crypto::Random& random)
      : devices(*opened, cache_bytes, sealer, random),
        gateways(*opened, sealer, random),
        audit(*opened),
        seals(*opened, sealer, random),
        tokens(*opened),
        database(std::move(opened)) {}
  SqliteDeviceStore devices;
  SqliteGatewayStore gateways;
  SqliteAuditStore audit;
  SqliteSealStore seals;
  SqliteTokenStore tokens;
  std::unique_ptr<Database> database;  ///< ends first: a Done may still use the stores
};

ServerDatabase::ServerDatabase(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ServerDatabase::~ServerDatabase() = default;

Result<std::unique_ptr<ServerDatabase>> ServerDatabase::open(const std::filesystem::path& file, Sealer& sealer,
                                                             crypto::Random& random, Options options) {
  std::size_t replayed = 0;
  const auto prepare = [&](Connection& connection) -> Result<void> {
    if (options.journal == nullptr) return {};
    CPNS_TRY(replayed, catch_up(connection, *options.journal));
    return {};
  };
  CPNS_TRY(auto database, Database::open(file, migrations::server_schema(), options, prepare));
  auto parts = std::make_unique<Parts>(std::move(database), options.cache_bytes, sealer, random);
  std::unique_ptr<ServerDatabase> made(new ServerDatabase(std::move(parts)));
  made->replayed_ = replayed;
  return made;
}

ServerDatabase::CacheUse ServerDatabase::cache_use() const {
  const auto use = parts_->devices.cache_use();
  return {use.hits, use.bytes};
}
DeviceStore& ServerDatabase::devices() noexcept { return parts_->devices; }
GatewayStore& ServerDatabase::gateways() noexcept { return parts_->gateways; }
AuditStore& ServerDatabase::audit() noexcept { return parts_->audit; }
SealStore& ServerDatabase::seals() noexcept { return parts_->seals; }
TokenStore& ServerDatabase::tokens() noexcept { return parts_->tokens; }

}  // namespace cpns::store::sqlite
