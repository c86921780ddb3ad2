#pragma once
// What stands between a PN GW and its CPNS Server, by [operator_link] kind: TLS with a certificate of its own, or SIP
// behind a mobile operator's core.

#include "gateway/gateway_config.hpp"
#include "pngw/operator_link.hpp"
#include "pngw/relay_upstream.hpp"
#include "store/file_seal.hpp"

namespace cpns::gateway {

class OperatorSide {
 public:
  virtual ~OperatorSide() = default;
  [[nodiscard]] virtual const ids::PnGwId& pn_gw_id() const = 0;
  [[nodiscard]] virtual pngw::OperatorLink& link() = 0;
  [[nodiscard]] virtual pngw::RelayUpstream& relay() = 0;
};

/// What both kinds are made with; outlives them.
struct OperatorParts {
  runtime::asio::any_io_executor executor;
  const GatewayFolder& folder;
  const ids::ServerId& server_id;
  store::FileSeal& seal;
  crypto::Random& random;
  runtime::Log& log;
};
/// Fails with what the folder's files, sofia-sip or the USIM fail with.
[[nodiscard]] Result<std::unique_ptr<OperatorSide>> make_operator_side(const StandaloneSettings& settings,
                                                                       const OperatorParts& parts);
[[nodiscard]] Result<std::unique_ptr<OperatorSide>> make_operator_side(const ImsSettings& settings,
                                                                       const OperatorParts& parts);

}  // namespace cpns::gateway
