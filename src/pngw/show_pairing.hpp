#pragma once
// A pairing code for a person's eyes: drawn on a terminal, as pictures, as JSON. Used by `cpns-gateway pair` and by
// `cpns-device invite`.

#include <iosfwd>

#include "pngw/pairing.hpp"

namespace cpns::pngw {

struct ShowOptions {
  int minutes = 10;
  std::string png;  ///< file; empty: none
  std::string svg;
  bool json = false;
};

/// Writes the pictures, for nobody else to read, and shows the code on `out`. The caller wipes `opened.code`. Fails
/// with `file_not_written` or an error of qr_code.hpp.
[[nodiscard]] Result<void> show_pairing(const OpenedPairing& opened, const ShowOptions& options, std::ostream& out);

/// Blocks until a device has used the code, with a countdown on `err` where that is a terminal; says who. Fails with
/// `pairing_ended_unused` or a Store error.
[[nodiscard]] Result<void> wait_for_claim(const OpenedPairing& opened, store::PairingStore& pairings, bool json,
                                          std::ostream& out, std::ostream& err);

}  // namespace cpns::pngw
