#pragma once
// What `cpns-gateway status` and `list` show. No secret in it.

#include "gateway/gateway_config.hpp"
#include "gateway/relay_status.hpp"
#include "store/pairing_store.hpp"

namespace cpns::gateway {

struct GatewayStatus {
  ids::PnGwId pn_gw_id;
  ids::ServerId server_id;
  /// A PN GW with a certificate.
  struct Standalone {
    ids::Endpoint server;
    ids::UnixTime certificate_ends;
    std::int64_t certificate_days_left;
  };
  /// An IMS user.
  struct Ims {
    std::string service;
    ids::Endpoint pcscf;
    bool registered;
  };
  std::variant<Standalone, Ims> operator_link;
  bool running;
  std::vector<ids::Endpoint> pan_endpoints;  ///< of the running process
  std::size_t peers;
  std::size_t credentials_waiting;
  /// One connection that the running process carries.
  struct Carried {
    pngw::PanRelay::Carried connection;
    std::string device_name;  ///< empty where the pairing is gone
  };
  struct Relay {
    pngw::RelayLimits limits;
    std::size_t opening = 0;
    std::optional<std::vector<Carried>> carried{};  ///< none: no process that could say so runs here
  } relay{};
};

[[nodiscard]] Result<GatewayStatus> read_status(const GatewayFolder& folder, const GatewayConfig& config,
                                                store::PairingStore& pairings, ids::UnixTime now);
[[nodiscard]] std::string to_text(const GatewayStatus& status);
[[nodiscard]] std::string to_json(const GatewayStatus& status);

/// All peers, in order of pairing_id.
[[nodiscard]] Result<std::vector<store::PanPeerInfo>> read_peers(store::PairingStore& pairings);
[[nodiscard]] std::string to_text(const std::vector<store::PanPeerInfo>& peers);
[[nodiscard]] std::string to_json(const std::vector<store::PanPeerInfo>& peers);

}  // namespace cpns::gateway
