#include "device/dial.hpp"

namespace cpns::device {
namespace {

// A handshake that the other end ended with an alert, or that it answered wrongly. One that broke off says nothing:
// the other end may just have been stopped.
bool is_refusal(const Error& error) { return error.error_class() == MessageClass::Peer; }

tls::PskOffer copy_of(const tls::PskOffer& offer) { return {offer.identity, offer.psk.duplicate(), offer.alpn}; }

}  // namespace

runtime::Task<Dialled> dial(std::vector<ids::Endpoint> endpoints, tls::PskOffer offer, DialLimits limits) {
  Dialled result{nullptr, DialFailure::Unreachable, {}};
  for (const auto& endpoint : endpoints) {
    auto socket = co_await runtime::connect(endpoint.host(), endpoint.port(), limits.connect);
    if (!socket) {
      if (!result.error) result.error = std::move(socket).error();
      continue;
    }
    auto engine = tls::make_psk_client(copy_of(offer));
    if (!engine) {
      result.error = std::move(engine).error();
      break;
    }
    const auto link = std::make_shared<runtime::SecureLink>(std::move(*socket), std::move(*engine));
    runtime::SecureLink::KeyLookup none;
    auto shaken = co_await link->handshake(limits.handshake, std::move(none));
    if (shaken) {
      result.link = link;
      result.error.reset();
      break;
    }
    result.error = std::move(shaken).error();
    if (result.error->code == Code::connection_lost) result.failure = DialFailure::TurnedAway;
    if (is_refusal(*result.error)) {
      result.failure = DialFailure::Refused;
      break;
    }
  }
  co_return result;
}

}  // namespace cpns::device
