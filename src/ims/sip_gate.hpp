#pragma once
// Who gets to knock at a SIP port at all. sofia reads and parses what anybody sends, keeps every connection for ever
// and never frees what one of TLS took, so strangers are to be turned away before it: by the kernel, at the listening
// socket.

#include <cstdint>
#include <string>
#include <vector>

namespace cpns::ims {

inline constexpr std::size_t kMostCallers = 64;

/// Has the kernel drop all packets for the listening sockets of this process at `ports` that are from other addresses
/// than `callers` (numeric, IPv4 or IPv6; at most kMostCallers): who else connects gets no answer. Connections that are
/// open stay as they are; later ones have a small receive buffer. False where an address is none, or no socket listens
/// at one of the ports. Any thread.
[[nodiscard]] bool hear_only(const std::vector<std::string>& callers, const std::vector<std::uint16_t>& ports);

}  // namespace cpns::ims
