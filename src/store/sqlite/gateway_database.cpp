#include "store/sqlite/gateway_database.hpp"

#include "store/sqlite/sqlite_pairing_store.hpp"

namespace cpns::store::sqlite {

struct GatewayDatabase::Parts {
  Parts(std::unique_ptr<Database> opened, Sealer& sealer, crypto::Random& random)
      : pairings(*opened, sealer, random), database(std::move(opened)) {}
  SqlitePairingStore pairings;
  std::unique_ptr<Database> database;  ///< ends first: a Done may still use the store
};

GatewayDatabase::GatewayDatabase(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
GatewayDatabase::~GatewayDatabase() = default;

Result<std::unique_ptr<GatewayDatabase>> GatewayDatabase::open(const std::filesystem::path& file, Sealer& sealer,
                                                               crypto::Random& random, Options options) {
  CPNS_TRY(auto database, Database::open(file, migrations::gateway_schema(), options));
  auto parts = std::make_unique<Parts>(std::move(database), sealer, random);
  return std::unique_ptr<GatewayDatabase>(new GatewayDatabase(std::move(parts)));
}

PairingStore& GatewayDatabase::pairings() noexcept { return parts_->pairings; }

}  // namespace cpns::store::sqlite
