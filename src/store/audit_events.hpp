#pragma once
// What the verbs of the server's stores say in the audit log, worded once for every backend. A backend records it in
// the transaction of the change; a call that changes nothing leaves no record.

#include "core/assign/records.hpp"
#include "core/audit/record.hpp"
#include "store/token_store.hpp"

namespace cpns::store::events {

/// Step 9. `correlation` is the run's, from step 1.
[[nodiscard]] audit::Event activated(const assign::Activation& activation, const ids::CorrelationId& correlation,
                                     const std::optional<ids::CmDeviceId>& renews);
[[nodiscard]] audit::Event in_use(const ids::CmDeviceId& id, ids::UnixTime when);
[[nodiscard]] audit::Event device_revoked(const ids::CmDeviceId& id, ids::UnixTime when);
[[nodiscard]] audit::Event gateway_revoked(const ids::PnGwId& id, ids::UnixTime when);
[[nodiscard]] audit::Event revoked_before(ids::UnixTime before, ids::UnixTime when);
/// By an operator, or because the device gave its ID up, or because its successor came into use.
[[nodiscard]] audit::Event erased(const ids::CmDeviceId& id, ids::UnixTime when, std::string why);
/// By a purge of what ended before `before`.
[[nodiscard]] audit::Event purged(const ids::CmDeviceId& id, ids::UnixTime before, ids::UnixTime when);
[[nodiscard]] audit::Event exempted(const ids::CmDeviceId& id, ids::UnixTime when);
[[nodiscard]] audit::Event invited(const ids::PnGwId& id, std::size_t device_quota, ids::UnixTime when);
[[nodiscard]] audit::Event enrolled(const ids::PnGwId& id, ByteView certificate_sha256, ids::UnixTime when);
/// An IMS user, for whom the operator's core vouches.
[[nodiscard]] audit::Event admitted(const ids::PnGwId& id, ids::UnixTime when);
/// Of the master key; `number` is the new one's.
[[nodiscard]] audit::Event rotating(std::uint16_t number, ids::UnixTime when, std::string actor);
[[nodiscard]] audit::Event rotated(std::uint16_t number, std::uint64_t unopened, ids::UnixTime when);
[[nodiscard]] audit::Event token_made(const OperatorToken& token, std::string actor);
[[nodiscard]] audit::Event token_withdrawn(std::string name, ids::UnixTime when, std::string actor);
[[nodiscard]] audit::Event master_key_removed(std::uint16_t number, ids::UnixTime when, std::string actor);
[[nodiscard]] audit::Event alias_key_rotated(std::uint8_t number, ids::UnixTime when, std::string actor);

}  // namespace cpns::store::events
