#include "device/relay_link.hpp"

#include "core/stream/node_path.hpp"
#include "device/standing_path.hpp"
#include "pngw/operator_relay.hpp"
#include "pngw/pan_identity.hpp"
#include "pngw/pan_relay.hpp"

namespace cpns::device {
namespace {

// What the PN GW says now replaces what it said when this device joined, or last time.
void remember_standing_path(const Context& context, const store::PairingId& pairing, const stream::NodeId& own,
                            const std::vector<stream::NodeId>& told) {
  if (load_standing_path(context.folder, pairing) == told) return;
  if (stream::holds(told, own)) {
    context.log.error(Error{Code::relay_loop, "this device's own PN GW, which it serves itself",
                            "a PN GW whose way to the CPNS Server does not lead through this device"});
  }
  if (auto saved = save_standing_path(context.folder, pairing, told); !saved) context.log.error(saved.error());
}

}  // namespace

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
  remember_standing_path(context, gateway.pairing_id, own, opened->standing);
  co_return Relay{std::move(opened->pipe), std::move(opened->path)};
}

}  // namespace cpns::device
