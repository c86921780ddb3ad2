#pragma once
// Where a PN GW carries its PNEs' connections to: an External PN GW over its operator link, a CM Device in PNE+PN GW
// mode over its own session. The relay does not know which.

#include "core/stream/frame.hpp"
#include "runtime/byte_stream.hpp"

namespace cpns::pngw {

class RelayUpstream {
 public:
  struct Opened {
    std::shared_ptr<runtime::ByteStream> pipe;  ///< to the Server, after its RelayReady
    std::vector<stream::NodeId> path;           ///< the PN GWs between here and the Server, nearest first
    std::vector<stream::NodeId> standing{};     ///< the same by pairings, as the next PN GW says
  };
  virtual ~RelayUpstream() = default;
  /// `request` carries this PN GW's own node_id as the last of its path. Fails with `relay_refused` or
  /// `relay_upstream_is_down`.
  [[nodiscard]] virtual runtime::Task<Result<Opened>> open(stream::RelayOpen request) = 0;
  /// The PN GWs between here and the Server as last heard: whoever is among them must not be served [loops].
  [[nodiscard]] virtual std::vector<stream::NodeId> path() const = 0;
  /// The same by pairings, whatever link is in use (core/stream/node_path.hpp): who joins must not be among them.
  [[nodiscard]] virtual std::vector<stream::NodeId> standing_path() const = 0;
};

}  // namespace cpns::pngw
