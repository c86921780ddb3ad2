#pragma once
// The External PN GW's database: one SQLite file with pairing codes, peers and credentials on their way. `run` and
// `pair` may have it open at once, from two processes. Else as server_database.hpp.

#include <filesystem>
#include <memory>

#include "store/pairing_store.hpp"
#include "store/sqlite/options.hpp"

namespace cpns::store::sqlite {

class GatewayDatabase {
 public:
  /// As ServerDatabase::open.
  [[nodiscard]] static Result<std::unique_ptr<GatewayDatabase>> open(const std::filesystem::path& file, Sealer& sealer,
                                                                     crypto::Random& random, Options options = {});
  /// Carries out every write that was begun, calls its Done, then closes.
  ~GatewayDatabase();
  GatewayDatabase(const GatewayDatabase&) = delete;
  GatewayDatabase& operator=(const GatewayDatabase&) = delete;

  [[nodiscard]] PairingStore& pairings() noexcept;

 private:
  struct Parts;
  explicit GatewayDatabase(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace cpns::store::sqlite
