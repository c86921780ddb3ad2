#include "store/rules.hpp"

#include <algorithm>

namespace cpns::store::rules {
namespace {

std::string seconds(ids::UnixTime time) { return std::to_string(time.time_since_epoch().count()); }

}  // namespace

bool may_change(DeviceState from, DeviceState to) noexcept {
  return std::any_of(life::kLife.begin(), life::kLife.end(),
                     [&](const life::Change& change) { return change.from == from && change.to == to; });
}

Result<void> check_quota(const Usage& usage, const Quota& quota) {
  if (usage.pending >= quota.pending) {
    return Error{Code::too_many_pending, std::to_string(usage.pending) + " pending",
                 "fewer than " + std::to_string(quota.pending)};
  }
  if (usage.pending + usage.devices >= quota.devices) {
    return Error{Code::device_quota_reached,
                 std::to_string(usage.devices) + " devices and " + std::to_string(usage.pending) + " pending",
                 "fewer than " + std::to_string(quota.devices) + " together"};
  }
  return {};
}

Result<void> check_activation(const std::optional<FoundAssignment>& found, const assign::Activation& activation) {
  const auto refuse = [](std::string got, std::string expected) {
    return Error{Code::assignment_not_pending, std::move(got), std::move(expected)};
  };
  if (!found) return refuse("no assignment " + activation.assignment_id.hex(), "a pending one");
  if (found->pn_gw_id != activation.pn_gw_id.text()) {
    return refuse("a request of " + activation.pn_gw_id.text(), "one of " + found->pn_gw_id);
  }
  if (!may_change(found->state, DeviceState::Active)) {
    return refuse("state " + std::string(to_text(found->state)), std::string(to_text(DeviceState::Pending)));
  }
  if (is_over(found->pending_until, activation.activated_at)) {
    return refuse("step 9 at " + seconds(activation.activated_at), "before " + seconds(found->pending_until));
  }
  return {};
}

Result<bool> check_change(std::optional<DeviceState> state, DeviceState to, const ids::CmDeviceId& id) {
  if (!state) return Error{Code::device_not_found, id.text(), "a device of this server"};
  if (*state == to) return false;
  if (may_change(*state, to)) return true;
  if (*state == DeviceState::Revoked) return Error{Code::device_is_revoked, id.text(), "a device that is not revoked"};
  return Error{Code::store_row_malformed, id.text() + " in state " + std::string(to_text(*state)),
               "one that may become " + std::string(to_text(to))};
}

Ending ending(const DeviceInfo& device, ids::UnixTime before, ids::UnixTime now) noexcept {
  if (device.state == DeviceState::Pending) return Ending::None;
  std::optional<ids::UnixTime> ended;
  for (const auto& end : {device.revoked_at, device.renew_by, device.expires_at}) {
    if (end && is_over(*end, now) && (!ended || *end < *ended)) ended = end;
  }
  if (!ended || *ended >= before) return Ending::None;
  return device.expires_at && is_over(*device.expires_at, now) ? Ending::Over : Ending::KeyLives;
}

Result<void> check_renewal(const std::optional<FoundPredecessor>& found, const ids::CmDeviceId& old_id,
                           const ids::PnGwId& pn_gw_id) {
  if (!found) return Error{Code::renewal_not_possible, "no device " + old_id.text(), "a device of this server"};
  if (found->pn_gw_id != pn_gw_id.text()) {
    return Error{Code::renewal_not_possible, "a request under " + pn_gw_id.text(), "one under " + found->pn_gw_id};
  }
  if (!life::may_connect(found->state)) {
    return Error{Code::renewal_not_possible, old_id.text() + ", " + std::string(to_text(found->state)),
                 "a device that may connect"};
  }
  return {};
}

Result<void> check_not_revoked(std::optional<GatewayState> state, const ids::PnGwId& id) {
  if (state == GatewayState::Revoked) return Error{Code::gateway_is_revoked, id.text(), "a PN GW that is not revoked"};
  return {};
}

Result<void> check_binding(const std::optional<FoundGateway>& found, Binding wanted, const ids::PnGwId& id) {
  if (!found) return {};
  CPNS_CHECK(check_not_revoked(found->state, id));
  if (found->binding == wanted) return {};
  return Error{Code::gateway_binding_differs, id.text() + " by " + std::string(to_text(wanted)),
               "by " + std::string(to_text(found->binding))};
}

Result<void> check_enrolment(std::optional<ids::UnixTime> expires_at, const TokenId& id, ids::UnixTime now) {
  if (!expires_at) return Error{Code::enrolment_token_used, "token " + id.hex(), "an unused one"};
  if (is_over(*expires_at, now)) {
    return Error{Code::enrolment_token_expired, "token " + id.hex() + " at " + seconds(now),
                 "before " + seconds(*expires_at)};
  }
  return {};
}

Result<void> check_open_pairings(std::size_t open) {
  if (open < PairingStore::kMaxOpenPairings) return {};
  return Error{Code::too_many_open_pairings, std::to_string(open) + " open",
               "fewer than " + std::to_string(PairingStore::kMaxOpenPairings)};
}

Result<void> check_claim(std::optional<ids::UnixTime> expires_at, const PairingId& id, ids::UnixTime now) {
  if (!expires_at) return Error{Code::pairing_code_used, "pairing " + id.hex(), "an open one"};
  if (is_over(*expires_at, now)) {
    return Error{Code::pairing_code_used, "pairing " + id.hex() + " at " + seconds(now),
                 "before " + seconds(*expires_at)};
  }
  return {};
}

Error row_exists(std::string_view table, std::string key) {
  return Error{Code::store_row_exists, std::string(table) + " " + std::move(key), "a key that is not there yet"};
}

Error no_such_peer(const PairingId& id) {
  return Error{Code::pan_peer_not_found, "pairing " + id.hex(), "a paired device"};
}

Result<void> check_tokens(std::size_t count, bool name_is_taken, const std::string& name) {
  if (name_is_taken) return row_exists("operator_tokens", name);
  if (count < kMaxOperatorTokens) return {};
  return Error{Code::store_overloaded, std::to_string(count) + " operator tokens",
               "at most " + std::to_string(kMaxOperatorTokens)};
}

Error no_such_token(const std::string& name) { return {Code::admin_token_unknown, name, "one of `cpns token list`"}; }

}  // namespace cpns::store::rules
