#pragma once
// A pairing code: how a person brings a CM Device and an External PN GW together. It holds where the PAN link is and
// a secret of 128 bits that works once, for ten minutes at most. As text `CPNS1-` and base32 in upper case, so that a
// QR code can carry it in its alphanumeric mode; shown to people in groups of four. The last two bytes are a check
// (SHA-256 over the rest, cut), so that a typing mistake is told from a code that was refused.
// Pure. The texts hold the secret: whoever has one wipes it (secret::wipe).

#include <vector>

#include "core/ids/ids.hpp"
#include "core/secret/keys.hpp"
#include "store/pairing_store.hpp"

namespace cpns::pngw {

inline constexpr std::string_view kPairingCodePrefix = "CPNS1-";
inline constexpr std::size_t kMaxPanEndpoints = 4;
/// 4 endpoints of 262 bytes with everything around them, in base32, grouped.
inline constexpr std::size_t kMaxPairingCodeText = 2400;

struct PairingCode {
  store::PairingId pairing_id;
  secret::PairingSecret secret;
  std::vector<ids::Endpoint> endpoints;  ///< 1-4 places of the PAN link
};

/// The text a QR code carries: no groups.
[[nodiscard]] std::string encode_pairing_code(const PairingCode& code);

/// The same text in groups of four, for people. `text` is what `encode_pairing_code` made.
[[nodiscard]] std::string group_pairing_code(std::string_view text);

/// Reads either form; ignores case everywhere, and spaces, line ends and dashes after the prefix.
/// Fails with `pairing_code_malformed` or, where only the check differs, `pairing_code_mistyped`.
[[nodiscard]] Result<PairingCode> parse_pairing_code(std::string_view text);

}  // namespace cpns::pngw
