#include "device/relay_link.hpp"

#include "pngw/operator_relay.hpp"
#include "pngw/pan_identity.hpp"
#include "pngw/pan_relay.hpp"

namespace cpns::device {

runtime::Task<Result<Relay>> open_relay(const Context& context, stream::NodeId own, stream::RelayOpen::Kind kind,
                                        DialLimits limits) {
  CPNS_CO_TRY(const auto record, context.store.load());
  if (!record.gateway || !record.gateway->pan_psk) {
    co_return Error{Code::device_not_paired, "a record without a key for the PAN link", "a pairing"};
  }
  const auto& gateway = *record.gateway;
  tls::PskOffer offer{pngw::to_text({pngw::PanIdentityKind::Pan, gateway.pairing_id}),
                      gateway.pan_psk->duplicate(),
                      {std::string(pngw::kPanRelayAlpn)}};
  auto dialled = co_await dial(gateway.endpoints, std::move(offer), limits);
  if (!dialled.link) {
    const auto code = dialled.failure == DialFailure::Refused ? Code::pairing_refused : Code::gateway_unreachable;
    co_return Error{code, dialled.error ? to_text(*dialled.error) : "no endpoint"};
  }
  const ids::CorrelationId run(context.random.bytes<ids::CorrelationId::kSize>());
  stream::RelayOpen request{kind, {}, {}, {own}};
  auto opened = co_await pngw::ask_for_relay(dialled.link, run, std::move(request), limits.handshake);
  if (!opened) co_return std::move(opened).error();
  co_return Relay{std::move(opened->pipe), std::move(opened->path)};
}

}  // namespace cpns::device
