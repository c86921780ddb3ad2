#pragma once
// `cpns-gateway pair` and `cpns-device invite`: opens a pairing in the store, which the running process sees, and makes
// the code of it.

#include "core/crypto/random.hpp"
#include "pngw/pairing_code.hpp"
#include "store/pairing_store.hpp"

namespace cpns::pngw {

inline constexpr std::chrono::minutes kLongestPairing{10};

struct OpenedPairing {
  store::PairingId pairing_id;
  std::string code;  ///< the text; a secret: to be wiped by whoever shows it
  std::vector<ids::Endpoint> endpoints;
  ids::UnixTime expires_at;
};

/// Durable before it returns: a code is never shown that the gateway would not know after a crash.
/// Fails with `too_many_open_pairings` or a Store error. Blocks.
[[nodiscard]] Result<OpenedPairing> open_pairing(store::PairingStore& pairings, std::vector<ids::Endpoint> endpoints,
                                                 std::chrono::minutes lifetime, crypto::Random& random,
                                                 ids::UnixTime now);

/// The device that has claimed it; nullopt while it is open. Fails with `pairing_ended_unused` or a Store error.
[[nodiscard]] Result<std::optional<ids::DeviceName>> claimed_by(store::PairingStore& pairings,
                                                                const store::PairingId& id, ids::UnixTime now);

}  // namespace cpns::pngw
