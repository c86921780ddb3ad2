// cpns-gateway: the External PN GW. Commands are in src/gateway; here the store is chosen.
#include <iostream>

#include "gateway/program.hpp"
#include "open_seal.hpp"
#include "runtime/process.hpp"
#include "runtime/system_random.hpp"
#include "store/sqlite/gateway_database.hpp"

namespace {

using namespace cpns;

class SqliteStore final : public gateway::OpenedStore {
 public:
  explicit SqliteStore(secret::MasterKey key) : sealer_(std::move(key)) {}
  Result<void> open(const gateway::GatewayFolder& folder) {
    CPNS_TRY(database_, store::sqlite::GatewayDatabase::open(folder.database(), sealer_, random_));
    return {};
  }
  store::PairingStore& pairings() override { return database_->pairings(); }

 private:
  store::Sealer sealer_;
  runtime::SystemRandom random_;
  std::unique_ptr<store::sqlite::GatewayDatabase> database_;
};

Result<std::unique_ptr<gateway::OpenedStore>> open_sqlite(const gateway::GatewayFolder& folder, store::FileSeal& seal) {
  CPNS_TRY(auto key, folder.load_master_key(seal));
  auto store = std::make_unique<SqliteStore>(std::move(key));
  CPNS_CHECK(store->open(folder));
  return std::unique_ptr<gateway::OpenedStore>(std::move(store));
}

}  // namespace

int main(int argc, char** argv) {
  const auto protection = runtime::protect_process();
  if (!protection) {
    std::cerr << to_text(protection.error()) << "\n  action: " << protection.error().info().action << "\n";
    return 1;
  }
  runtime::SystemRandom random;
  const auto open_seal = [&random](const std::filesystem::path& folder, const pngw::SealWish& wish) {
    return apps::open_seal(folder, wish, random);
  };
  return gateway::run_program(argc, argv, std::cout, std::cerr, {open_sqlite, open_seal});
}
