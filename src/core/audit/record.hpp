#pragma once
// One record of the audit log, and its bytes. docs/audit.md is the description of the form.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/ids/ids.hpp"

namespace cpns::audit {

/// Stored on disk: do not change the numbers.
enum class Kind : std::uint8_t {
  AssignmentActive = 1,
  DeviceInUse = 2,
  RenewalActive = 3,
  DeviceRevoked = 4,
  GatewayRevoked = 5,
  RevokedBefore = 6,
  DeviceErased = 7,
  DeviceExempted = 8,
  GatewayInvited = 9,
  GatewayEnrolled = 10,
  Refused = 11,
  RefusalsCounted = 12,
  AdminRefused = 13,
  HeadAccepted = 14,
  MasterKeyRotating = 15,
  MasterKeyRotated = 16,
  AliasKeyRotated = 17,
  OperatorTokenMade = 18,
  OperatorTokenWithdrawn = 19,
  MasterKeyRemoved = 20,
  AdminDone = 21,
};

struct KindInfo {
  Kind kind;
  std::string_view name;
  std::string_view subject;  ///< what stands in `subject`
};
inline constexpr std::array<KindInfo, 21> kKinds{{
    {Kind::AssignmentActive, "assignment_active", "CM Device ID"},
    {Kind::DeviceInUse, "device_in_use", "CM Device ID"},
    {Kind::RenewalActive, "renewal_active", "CM Device ID, the new one"},
    {Kind::DeviceRevoked, "device_revoked", "CM Device ID"},
    {Kind::GatewayRevoked, "gateway_revoked", "pn_gw_id"},
    {Kind::RevokedBefore, "revoked_before", "seconds since 1970"},
    {Kind::DeviceErased, "device_erased", "CM Device ID"},
    {Kind::DeviceExempted, "device_exempted", "CM Device ID"},
    {Kind::GatewayInvited, "gateway_invited", "pn_gw_id"},
    {Kind::GatewayEnrolled, "gateway_enrolled", "pn_gw_id"},
    {Kind::Refused, "refused", "CM Device ID or pn_gw_id"},
    {Kind::RefusalsCounted, "refusals_counted", "how many"},
    {Kind::AdminRefused, "admin_refused", "method and path"},
    {Kind::HeadAccepted, "head_accepted", "the newest record when it was accepted"},
    {Kind::MasterKeyRotating, "master_key_rotating", "number of the new key"},
    {Kind::MasterKeyRotated, "master_key_rotated", "number of the new key"},
    {Kind::AliasKeyRotated, "alias_key_rotated", "number of the new key"},
    {Kind::OperatorTokenMade, "operator_token_made", "the token's name"},
    {Kind::OperatorTokenWithdrawn, "operator_token_withdrawn", "the token's name"},
    {Kind::MasterKeyRemoved, "master_key_removed", "its number"},
    {Kind::AdminDone, "admin_done", "method and path"},
}};
/// In the order of the numbers: the name of kind n is at n - 1.
static_assert([] {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (static_cast<std::size_t>(kKinds[i].kind) != i + 1) return false;
  }
  return true;
}());
[[nodiscard]] constexpr std::string_view name_of(Kind kind) noexcept {
  return kKinds[static_cast<std::size_t>(kind) - 1].name;
}

/// What is to be recorded. Texts longer than kMaxText are cut when they are encoded. No secret.
struct Event {
  Kind kind{};
  ids::UnixTime time;
  std::string actor;    ///< `operator`, a pn_gw_id, a CM Device ID, or `server`
  std::string subject;  ///< see KindInfo
  std::string detail{};
  std::optional<ids::CorrelationId> correlation{};

  bool operator==(const Event&) const = default;
};

struct Record {
  std::uint64_t sequence = 0;  ///< 1, 2, ... without a gap
  Event event;

  bool operator==(const Record&) const = default;
};

inline constexpr std::size_t kMaxText = 512;
/// Version, sequence, time, kind, correlation, three texts.
inline constexpr std::size_t kMaxRecord = 1 + 8 + 8 + 1 + 8 + 3 * (2 + kMaxText);

/// One encoding for one record. Control characters in texts become `?`.
[[nodiscard]] Bytes encode(const Record& record);
/// Accepts what `encode` makes and nothing else. Fails with `audit_chain_broken`.
[[nodiscard]] Result<Record> parse_record(ByteView bytes);

}  // namespace cpns::audit
