#pragma once
// How PN GWs stand in their table.

#include "store/gateway_store.hpp"
#include "store/sqlite/connection.hpp"

namespace cpns::store::sqlite {

/// Nullopt where the PN GW is not known.
[[nodiscard]] Result<std::optional<GatewayState>> gateway_state(Connection& connection, const ids::PnGwId& id);

}  // namespace cpns::store::sqlite
