#pragma once
// `cpns-gateway run`: the PAN link's listener, the operator link, the runs between them.

#include "gateway/gateway_config.hpp"
#include "runtime/asio.hpp"
#include "store/pairing_store.hpp"

namespace cpns::gateway {

/// Runs until `stop` ends. `seal`, `pairings` and `log` must outlive it.
/// Fails where it can't start: `listen_failed`, `gateway_already_running`, a broken certificate or file.
[[nodiscard]] Result<void> run_gateway(const GatewayFolder& folder, const GatewayConfig& config, store::FileSeal& seal,
                                       store::PairingStore& pairings, runtime::Log& log);

}  // namespace cpns::gateway
