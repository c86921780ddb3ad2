#pragma once
// Under which addresses devices find this gateway. The running process leaves them in run/pan.address, `pair` puts
// them into its codes.

#include <vector>

#include "core/ids/ids.hpp"
#include "gateway/gateway_folder.hpp"

namespace cpns::gateway {

/// What a listener bound to `host` and `port` can be reached under: for "any address" those of the machine's network
/// interfaces (link-local ones left out, the loopback only where there is nothing else), at most four.
/// Fails with `pan_endpoints_missing`.
[[nodiscard]] Result<std::vector<ids::Endpoint>> reachable_endpoints(const std::string& host, std::uint16_t port);

[[nodiscard]] Result<void> leave_endpoints(const GatewayFolder& folder, const std::vector<ids::Endpoint>& endpoints);
/// Fails with `gateway_not_running` where no process holds the folder or none has come so far.
[[nodiscard]] Result<std::vector<ids::Endpoint>> endpoints_of_running(const GatewayFolder& folder);

}  // namespace cpns::gateway
