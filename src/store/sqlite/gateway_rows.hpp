#pragma once
// How PN GWs stand in their table.

#include "store/gateway_store.hpp"
#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {

struct GatewayStanding {
  GatewayState state;
  std::size_t device_quota;
};
/// Nullopt where the PN GW is not known.
[[nodiscard]] Result<std::optional<GatewayStanding>> gateway_standing(Connection& connection, const ids::PnGwId& id);

}  // namespace cpns::store::sqlite
