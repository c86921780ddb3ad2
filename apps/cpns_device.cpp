// cpns-device: the CM Device. Commands are in src/device; here the store is chosen.
#include <iostream>

#include "device/program.hpp"
#include "open_seal.hpp"
#include "runtime/process.hpp"
#include "runtime/system_random.hpp"
#include "store/file/file_credential_store.hpp"
#include "store/sqlite/gateway_database.hpp"

namespace {

using namespace cpns;

// Where a CM Device in PNE+PN GW mode keeps its PNEs, sealed with a key of its own.
class SqlitePairings final : public device::PanModule::Pairings {
 public:
  explicit SqlitePairings(secret::MasterKey key) : sealer_(std::move(key)) {}
  Result<void> open(const device::DeviceFolder& folder) {
    CPNS_TRY(database_, store::sqlite::GatewayDatabase::open(folder.pan_database(), sealer_, random_));
    return {};
  }
  store::PairingStore& store() override { return database_->pairings(); }

 private:
  store::Sealer sealer_;
  runtime::SystemRandom random_;
  std::unique_ptr<store::sqlite::GatewayDatabase> database_;
};

/// A device.toml that can't be read is said by the command itself, which reads it too.
std::unique_ptr<store::FileSeal> seal_of(const device::DeviceFolder& folder, crypto::Random& random) {
  const auto config = device::load_config(folder);
  return apps::open_seal(folder.folder, config ? config->secrets : pngw::SealWish{}, random);
}

Result<std::unique_ptr<device::PanModule::Pairings>> open_pairings(const device::DeviceFolder& folder) {
  runtime::SystemRandom random;
  const auto seal = seal_of(folder, random);
  CPNS_TRY(auto key, folder.load_pan_key(random, *seal));
  auto pairings = std::make_unique<SqlitePairings>(std::move(key));
  CPNS_CHECK(pairings->open(folder));
  return std::unique_ptr<device::PanModule::Pairings>(std::move(pairings));
}

}  // namespace

int main(int argc, char** argv) {
  const auto protection = runtime::protect_process();
  if (!protection) {
    std::cerr << to_text(protection.error()) << "\n  action: " << protection.error().info().action << "\n";
    return 1;
  }
  runtime::SystemRandom random;
  const device::OpenStore open_store = [&random](const device::DeviceFolder& folder) {
    return std::make_unique<store::file::FileCredentialStore>(folder.record(), seal_of(folder, random));
  };
  return device::run_program(argc, argv, std::cout, std::cerr, open_store, open_pairings);
}
