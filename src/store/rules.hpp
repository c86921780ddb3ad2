#pragma once
// What a store refuses, as pure functions over what its transaction has read. Every backend asks these inside the
// transaction that writes, so that a rule reads the same in all of them. `now` always comes with the request: stores
// have no clock. A limit of time is over from its very second on.

#include "store/device_store.hpp"
#include "store/gateway_store.hpp"
#include "store/pairing_store.hpp"
#include "store/token_store.hpp"

namespace cpns::store::rules {

/// Whether some event of life::kLife leads from one to the other; Erased is a row that goes.
[[nodiscard]] bool may_change(DeviceState from, DeviceState to) noexcept;

[[nodiscard]] inline bool is_over(ids::UnixTime limit, ids::UnixTime now) noexcept { return now >= limit; }

/// What one PN GW has at the time of a request; ended pending assignments and expired devices left out.
struct Usage {
  std::size_t pending;
  std::size_t devices;  ///< active or in use
};
/// [S7]
[[nodiscard]] Result<void> check_quota(const Usage& usage, const Quota& quota);

/// What step 9 finds under its assignment_id.
struct FoundAssignment {
  std::string pn_gw_id;
  DeviceState state;
  ids::UnixTime pending_until;
};
/// [S4, S6, S8] One answer for unknown, dead and foreign; `got` tells the log which.
[[nodiscard]] Result<void> check_activation(const std::optional<FoundAssignment>& found,
                                            const assign::Activation& activation);

/// Whether a device found in `state` (nullopt: not found) is to be changed to `to`: true to write, false where it
/// is there already, else the refusal.
[[nodiscard]] Result<bool> check_change(std::optional<DeviceState> state, DeviceState to, const ids::CmDeviceId& id);

/// Whether a device's row may be purged at `now`, by when it ended: revoked, not renewed in time [R6], or its key's
/// time over. While that time is not over a row is kept, whatever its state: an older backup may hold the device alive,
/// and a journal that is made anew from the database knows its revocation from this row alone [V1].
enum class Ending {
  None,      ///< pending, alive, or ended at `before` or later
  KeyLives,  ///< ended before, but its key's own time is not over
  Over,
};
[[nodiscard]] Ending ending(const DeviceInfo& device, ids::UnixTime before, ids::UnixTime now) noexcept;

/// What a renewal finds of the ID that it is to renew.
struct FoundPredecessor {
  std::string pn_gw_id;
  DeviceState state;  ///< at the time of the request
};
/// [R1] Only a device that may connect, and only under the PN GW that vouched for it.
[[nodiscard]] Result<void> check_renewal(const std::optional<FoundPredecessor>& found, const ids::CmDeviceId& old_id,
                                         const ids::PnGwId& pn_gw_id);
/// Successors of one ID that are active and were never used; one more takes the place of the oldest.
inline constexpr std::size_t kMaxUnusedSuccessors = 3;

/// `state` of the PN GW, nullopt where it is new or known to no one.
/// Whether the PN GW that was found, or none, may have that binding [L1]. Fails with `gateway_is_revoked` or
/// `gateway_binding_differs`.
struct FoundGateway {
  GatewayState state;
  Binding binding;
};
[[nodiscard]] Result<void> check_binding(const std::optional<FoundGateway>& found, Binding wanted,
                                         const ids::PnGwId& id);
[[nodiscard]] Result<void> check_not_revoked(std::optional<GatewayState> state, const ids::PnGwId& id);

/// `expires_at` of the token, nullopt where there is none.
[[nodiscard]] Result<void> check_enrolment(std::optional<ids::UnixTime> expires_at, const TokenId& id,
                                           ids::UnixTime now);

/// `open` pairing codes that have not expired.
[[nodiscard]] Result<void> check_open_pairings(std::size_t open);
/// `expires_at` of the code, nullopt where there is none.
[[nodiscard]] Result<void> check_claim(std::optional<ids::UnixTime> expires_at, const PairingId& id, ids::UnixTime now);

/// `count` tokens that have not expired.
[[nodiscard]] Result<void> check_tokens(std::size_t count, bool name_is_taken, const std::string& name);

/// Errors that backends word alike.
[[nodiscard]] Error no_such_token(const std::string& name);
[[nodiscard]] Error row_exists(std::string_view table, std::string key);
[[nodiscard]] Error no_such_peer(const PairingId& id);

}  // namespace cpns::store::rules
