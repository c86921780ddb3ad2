#pragma once
// Pairing: steps 0-11 over the PAN link, from a pairing code to a stored credential. A crash at any point loses
// nothing: the record on disk always holds what is needed to go on with the same code.

#include "device/context.hpp"
#include "device/dial.hpp"
#include "pngw/pairing_code.hpp"
#include "runtime/asio.hpp"

namespace cpns::device {

struct PairLimits {
  DialLimits dial;
  std::chrono::milliseconds patience{60000};  ///< for a PN GW that does not answer
  int refusals = 3;                           ///< handshakes that the PN GW may refuse before that is final
  int alerts = 8;  ///< runs that may end with its Alert before that is final: its operator link may just be down
  std::chrono::milliseconds first_pause{500};
  std::chrono::milliseconds longest_pause{5000};
};

/// Puts a code into the record, durably; what is there of the same pairing stays. False where that pairing is complete.
/// `pne`: to join as a PNE only; an ID and key that are here stay.
[[nodiscard]] Result<bool> take_code(store::CredentialStore& store, pngw::PairingCode code, bool pne = false);

/// True where the record holds a pairing that is not complete.
[[nodiscard]] bool is_unfinished(const store::DeviceRecord& record);

/// True for errors of pair() after which the code must not be tried again: the pairing would close a circle [X10].
[[nodiscard]] bool ends_pairing(const Error& error);

/// Takes the unfinished pairing back out of the record, durably; `former`, where there was one, stands there again.
[[nodiscard]] Result<void> give_up_pairing(store::CredentialStore& store, std::optional<store::PairedGateway> former);

/// Carries an unfinished pairing to its end. Fails with `device_not_paired`, `pairing_refused`, `gateway_unreachable`,
/// `assignment_refused`, `gateway_has_its_quota`, `relay_loop`, `relay_too_long`, or what a session refused.
[[nodiscard]] runtime::Task<Result<void>> pair(const Context& context, ids::DeviceName name, PairLimits limits);

}  // namespace cpns::device
