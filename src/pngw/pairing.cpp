#include "pngw/pairing.hpp"

#include "store/sync.hpp"

namespace cpns::pngw {

Result<OpenedPairing> open_pairing(store::PairingStore& pairings, std::vector<ids::Endpoint> endpoints,
                                   std::chrono::minutes lifetime, crypto::Random& random, ids::UnixTime now) {
  const store::PairingId id(random.bytes<store::PairingId::kSize>());
  auto secret = secret::PairingSecret::make([&](auto to) { random.fill(to); });
  const auto expires_at = now + std::min(lifetime, kLongestPairing);
  const PairingCode code{id, secret.duplicate(), endpoints};
  store::Pairing pairing{id, std::move(secret), now, expires_at};
  CPNS_CHECK(
      store::wait_for_done([&](store::Done done) { pairings.open_pairing(std::move(pairing), std::move(done)); }));
  return OpenedPairing{id, encode_pairing_code(code), std::move(endpoints), expires_at};
}

Result<std::optional<ids::DeviceName>> claimed_by(store::PairingStore& pairings, const store::PairingId& id,
                                                  ids::UnixTime now) {
  // In this order a code that is claimed between the two look-ups is not taken for one that has ended.
  CPNS_TRY(const auto open, pairings.find_pairing(id, now));
  CPNS_TRY(const auto peer, pairings.find_peer(id));
  if (peer) return std::optional(peer->device_name);
  if (!open) return Error{Code::pairing_ended_unused, id.hex(), "a device within the code's time"};
  return std::optional<ids::DeviceName>();
}

}  // namespace cpns::pngw
