#include "store/memory/memory_gateway_store.hpp"

#include "store/audit_events.hpp"
#include "store/memory/finish.hpp"
#include "store/rules.hpp"

namespace cpns::store::memory {

std::optional<rules::FoundGateway> MemoryGatewayStore::find_gateway(const ids::PnGwId& id) const {
  const auto found = rows_.gateways.find(id);
  if (found == rows_.gateways.end()) return std::nullopt;
  return rules::FoundGateway{found->second.state, found->second.binding()};
}

void MemoryGatewayStore::admit(ids::PnGwId id, std::size_t device_quota, ids::UnixTime now, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    const auto found = find_gateway(id);
    CPNS_CHECK(rules::check_binding(found, Binding::Ims, id));
    if (found) return {};
    rows_.record(events::admitted(id, now));
    GatewayInfo fresh{id, GatewayState::Enrolled, device_quota, 0, now, now, {}};
    rows_.gateways.emplace(std::move(id), std::move(fresh));
    return {};
  });
}

void MemoryGatewayStore::raw_invite(EnrolmentRow row, std::size_t device_quota, ids::UnixTime now, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    CPNS_CHECK(rules::check_binding(find_gateway(row.pn_gw_id), Binding::Certificate, row.pn_gw_id));
    const auto held = rows_.tokens.find(row.token_id);
    if (held != rows_.tokens.end() && held->second.pn_gw_id != row.pn_gw_id) {
      return rules::row_exists("token", row.token_id.hex());
    }
    std::erase_if(rows_.tokens, [&](const auto& entry) { return entry.second.pn_gw_id == row.pn_gw_id; });
    rows_.record(events::invited(row.pn_gw_id, device_quota, now));
    GatewayInfo fresh{row.pn_gw_id, GatewayState::Invited, device_quota, 0, now, {}, {}};
    rows_.gateways.try_emplace(row.pn_gw_id, std::move(fresh)).first->second.device_quota = device_quota;
    rows_.tokens.emplace(row.token_id, TokenRow{row.pn_gw_id, std::move(row.sealed_secret), row.expires_at});
    return {};
  });
}

Result<std::optional<GatewayStore::EnrolmentRow>> MemoryGatewayStore::raw_find_enrolment(const TokenId& id,
                                                                                         ids::UnixTime now) {
  const std::scoped_lock lock(rows_.mutex);
  const auto found = rows_.tokens.find(id);
  if (found == rows_.tokens.end() || rules::is_over(found->second.expires_at, now)) {
    return std::optional<EnrolmentRow>();
  }
  const auto& token = found->second;
  return std::optional<EnrolmentRow>(EnrolmentRow{id, token.pn_gw_id, token.sealed_secret, token.expires_at});
}

void MemoryGatewayStore::complete_enrolment(TokenId id, std::array<std::uint8_t, 32> certificate_sha256,
                                            ids::UnixTime now, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    const auto found = rows_.tokens.find(id);
    const bool open = found != rows_.tokens.end();
    CPNS_CHECK(rules::check_enrolment(open ? std::optional(found->second.expires_at) : std::nullopt, id, now));
    auto& gateway = rows_.gateways.at(found->second.pn_gw_id);
    gateway.state = GatewayState::Enrolled;
    gateway.enrolled_at = now;
    gateway.certificate_sha256 = certificate_sha256;
    rows_.record(events::enrolled(gateway.pn_gw_id, certificate_sha256, now));
    rows_.tokens.erase(found);
    return {};
  });
}

void MemoryGatewayStore::revoke(ids::PnGwId id, ids::UnixTime when, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    const auto gateway = rows_.gateways.find(id);
    if (gateway == rows_.gateways.end()) return Error{Code::gateway_not_found, id.text(), "a PN GW of this server"};
    if (gateway->second.state != GatewayState::Revoked) rows_.record(events::gateway_revoked(id, when));
    gateway->second.state = GatewayState::Revoked;
    std::erase_if(rows_.tokens, [&](const auto& entry) { return entry.second.pn_gw_id == id; });
    rows_.erase_pending_of(id, [](const DeviceInfo&) { return true; });
    rows_.for_each_of(id, [&](DeviceRow& row) {
      if (!rules::may_change(row.info.state, DeviceState::Revoked)) return;
      row.info.state = DeviceState::Revoked;
      row.info.revoked_at = when;
    });
    return {};
  });
}

GatewayInfo MemoryGatewayStore::counted(GatewayInfo info) const {
  info.device_count = 0;
  rows_.for_each_of(info.pn_gw_id, [&](const DeviceRow& row) {
    if (life::may_connect(row.info.state)) ++info.device_count;
  });
  return info;
}

Result<std::optional<GatewayInfo>> MemoryGatewayStore::find(const ids::PnGwId& id) {
  const std::scoped_lock lock(rows_.mutex);
  const auto found = rows_.gateways.find(id);
  if (found == rows_.gateways.end()) return std::optional<GatewayInfo>();
  return std::optional<GatewayInfo>(counted(found->second));
}

Result<std::vector<GatewayInfo>> MemoryGatewayStore::list(std::optional<ids::PnGwId> after, std::size_t limit) {
  const std::scoped_lock lock(rows_.mutex);
  std::vector<GatewayInfo> page;
  auto at = after ? rows_.gateways.upper_bound(*after) : rows_.gateways.begin();
  for (; at != rows_.gateways.end() && page.size() < limit; ++at) page.push_back(counted(at->second));
  return page;
}

}  // namespace cpns::store::memory
