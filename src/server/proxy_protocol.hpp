#pragma once
// PROXY protocol, version 2 (HAProxy, proxy-protocol.txt section 2.2): tells a TCP service who calls, before its first
// byte. Pure.

#include "server/caller.hpp"

namespace cpns::server {

// Custom types, PP2_TYPE_MIN_CUSTOM 0xE0 and up. Values are UTF-8 text.
inline constexpr std::uint8_t kTlvCmDeviceId = 0xE0;
inline constexpr std::uint8_t kTlvPnGwId = 0xE1;
inline constexpr std::uint8_t kTlvPneName = 0xE2;
inline constexpr std::uint8_t kTlvViaCmDeviceId = 0xE3;

/// `source` is where the caller's link comes from, `destination` where the service listens. Where either is no IP
/// address with a port the header says AF_UNSPEC and carries the identity alone.
[[nodiscard]] Bytes proxy_header(const Caller& caller, std::string_view source, std::string_view destination);

}  // namespace cpns::server
