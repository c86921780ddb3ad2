#include "store/audit_events.hpp"

#include "core/base/encoding.hpp"

namespace cpns::store::events {
namespace {

using audit::Event;
using audit::Kind;

constexpr std::string_view kOperator = "operator";

Event by_operator(Kind kind, std::string subject, ids::UnixTime when, std::string detail = {}) {
  return {kind, when, std::string(kOperator), std::move(subject), std::move(detail)};
}

}  // namespace

Event activated(const assign::Activation& activation, const ids::CorrelationId& correlation,
                const std::optional<ids::CmDeviceId>& renews) {
  auto detail = "assignment " + activation.assignment_id.hex();
  if (renews) detail += ", renews " + renews->text();
  return {renews ? Kind::RenewalActive : Kind::AssignmentActive,
          activation.activated_at,
          activation.pn_gw_id.text(),
          activation.cm_device_id.text(),
          std::move(detail),
          correlation};
}

Event in_use(const ids::CmDeviceId& id, ids::UnixTime when) { return {Kind::DeviceInUse, when, id.text(), id.text()}; }

Event device_revoked(const ids::CmDeviceId& id, ids::UnixTime when) {
  return by_operator(Kind::DeviceRevoked, id.text(), when);
}

Event gateway_revoked(const ids::PnGwId& id, ids::UnixTime when) {
  return by_operator(Kind::GatewayRevoked, id.text(), when);
}

Event revoked_before(ids::UnixTime before, ids::UnixTime when) {
  return by_operator(Kind::RevokedBefore, std::to_string(before.time_since_epoch().count()), when);
}

Event erased(const ids::CmDeviceId& id, ids::UnixTime when, std::string why) {
  return {Kind::DeviceErased, when, "server", id.text(), std::move(why)};
}

Event purged(const ids::CmDeviceId& id, ids::UnixTime before, ids::UnixTime when) {
  return erased(id, when, "purged: ended before " + std::to_string(before.time_since_epoch().count()));
}

Event exempted(const ids::CmDeviceId& id, ids::UnixTime when) {
  return by_operator(Kind::DeviceExempted, id.text(), when);
}

Event invited(const ids::PnGwId& id, std::size_t device_quota, ids::UnixTime when) {
  return by_operator(Kind::GatewayInvited, id.text(), when, "device quota " + std::to_string(device_quota));
}

Event enrolled(const ids::PnGwId& id, ByteView certificate_sha256, ids::UnixTime when) {
  return {Kind::GatewayEnrolled, when, id.text(), id.text(), "certificate " + to_hex(certificate_sha256)};
}

Event admitted(const ids::PnGwId& id, ids::UnixTime when) {
  return {Kind::GatewayEnrolled, when, id.text(), id.text(), "IMS user"};
}

Event rotating(std::uint16_t number, ids::UnixTime when, std::string actor) {
  return {Kind::MasterKeyRotating, when, std::move(actor), std::to_string(number)};
}

Event rotated(std::uint16_t number, std::uint64_t unopened, ids::UnixTime when) {
  auto detail = unopened == 0 ? std::string() : std::to_string(unopened) + " values did not open";
  return {Kind::MasterKeyRotated, when, "server", std::to_string(number), std::move(detail)};
}

Event token_made(const OperatorToken& token, std::string actor) {
  return {Kind::OperatorTokenMade, token.made_at, std::move(actor), token.name,
          std::string(to_text(token.scope)) + ", until " + std::to_string(token.expires_at.time_since_epoch().count())};
}

Event token_withdrawn(std::string name, ids::UnixTime when, std::string actor) {
  return {Kind::OperatorTokenWithdrawn, when, std::move(actor), std::move(name)};
}

Event master_key_removed(std::uint16_t number, ids::UnixTime when, std::string actor) {
  return {Kind::MasterKeyRemoved, when, std::move(actor), std::to_string(number)};
}

Event alias_key_rotated(std::uint8_t number, ids::UnixTime when, std::string actor) {
  return {Kind::AliasKeyRotated, when, std::move(actor), std::to_string(number)};
}

}  // namespace cpns::store::events
