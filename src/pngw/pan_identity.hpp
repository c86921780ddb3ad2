#pragma once
// The PSK identities of the PAN link. `pair-<pairing_id>` is offered with the key of the pairing code, for the first
// link alone; `pan-<pairing_id>` with the key that both sides took from that first link. Neither is a secret. Pure.

#include <optional>

#include "store/pairing_store.hpp"

namespace cpns::pngw {

inline constexpr std::string_view kPanAlpn = "cpns-pan/1";
/// TLS exporter label of the key for later PAN links, 32 bytes.
inline constexpr std::string_view kPanKeyLabel = "EXPORTER-CPNS-PAN-key";

enum class PanIdentityKind : std::uint8_t {
  Pair,  ///< a pairing code that is open
  Pan,   ///< a peer that has claimed its code
};

struct PanIdentity {
  PanIdentityKind kind;
  store::PairingId pairing_id;
};

[[nodiscard]] std::string to_text(const PanIdentity& identity);
/// nullopt for anything else: what a stranger offers needs no reason.
[[nodiscard]] std::optional<PanIdentity> parse_pan_identity(std::string_view text);

}  // namespace cpns::pngw
