#pragma once
// The next hop of an External PN GW: for each carried connection one more TLS connection with its certificate to the
// Server's operator port.

#include "core/crypto/random.hpp"
#include "pngw/relay_upstream.hpp"
#include "tls/engine.hpp"

namespace cpns::pngw {

/// ALPN at the operator port; the first message is RelayOpen.
inline constexpr std::string_view kOperatorRelayAlpn = "cpns-relay/1";
/// The same with a bearer token's key instead of a certificate: PN GWs that are IMS users.
inline constexpr std::string_view kBearerAlpn = "cpns-bearer/1";
/// How a bearer token is named in its handshake, before the token's id in hexadecimal.
inline constexpr std::string_view kBearerIdentityPrefix = "bearer-";

class OperatorRelay final : public RelayUpstream {
 public:
  struct Settings {
    ids::Endpoint server;
    std::chrono::milliseconds connect{5'000};
    std::chrono::milliseconds handshake{10'000};
    std::chrono::milliseconds answer{10'000};
  };
  /// `engines` makes certificate clients for kOperatorRelayAlpn. `random` must outlive it.
  OperatorRelay(std::unique_ptr<tls::EngineFactory> engines, Settings settings, crypto::Random& random)
      : engines_(std::move(engines)), settings_(std::move(settings)), random_(random) {}

  [[nodiscard]] runtime::Task<Result<Opened>> open(stream::RelayOpen request) override;
  /// The Server is the next hop: nobody stands between.
  [[nodiscard]] std::vector<stream::NodeId> path() const override { return {}; }
  [[nodiscard]] std::vector<stream::NodeId> standing_path() const override { return {}; }

 private:
  std::unique_ptr<tls::EngineFactory> engines_;
  Settings settings_;
  crypto::Random& random_;
};

/// Sends RelayOpen on an authenticated link and waits for the answer. Fails with `relay_refused` or what the link
/// fails with. Where the kind is EndToEnd the pipe is bare: the link's own TLS has ended in order. Also the device's
/// half of a PAN relay connection.
[[nodiscard]] runtime::Task<Result<RelayUpstream::Opened>> ask_for_relay(std::shared_ptr<runtime::SecureLink> link,
                                                                         ids::CorrelationId run,
                                                                         stream::RelayOpen request,
                                                                         std::chrono::milliseconds limit);

}  // namespace cpns::pngw
