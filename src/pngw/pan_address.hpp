#pragma once
// Under which addresses devices find this PN GW. The running process leaves them in a file, `pair` puts them into its
// codes.

#include <filesystem>
#include <vector>

#include "core/ids/ids.hpp"

namespace cpns::pngw {

/// What a listener bound to `host` and `port` can be reached under: for "any address" those of the machine's network
/// interfaces (link-local ones left out, the loopback only where there is nothing else), at most four.
/// Fails with `pan_endpoints_missing`.
[[nodiscard]] Result<std::vector<ids::Endpoint>> reachable_endpoints(const std::string& host, std::uint16_t port);

[[nodiscard]] Result<void> leave_endpoints(const std::filesystem::path& file,
                                           const std::vector<ids::Endpoint>& endpoints);
/// Nothing where the file is missing or holds none: no process has come so far.
[[nodiscard]] std::vector<ids::Endpoint> left_endpoints(const std::filesystem::path& file);

}  // namespace cpns::pngw
