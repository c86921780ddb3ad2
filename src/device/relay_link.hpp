#pragma once
// A connection that the PN GW carries to the CPNS Server: PNE mode, the device's side.

#include "core/stream/frame.hpp"
#include "device/context.hpp"
#include "device/dial.hpp"
#include "runtime/byte_stream.hpp"

namespace cpns::device {

struct Relay {
  std::shared_ptr<runtime::ByteStream> pipe;  ///< to the Server
  std::vector<stream::NodeId> path;           ///< the PN GWs in between, nearest first
};

/// Fails with `device_not_paired`, `gateway_unreachable`, `pairing_refused` or `relay_refused`.
[[nodiscard]] runtime::Task<Result<Relay>> open_relay(const Context& context, stream::NodeId own,
                                                      stream::RelayOpen::Kind kind, DialLimits limits);

}  // namespace cpns::device
