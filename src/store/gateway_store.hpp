#pragma once
// What the CPNS Server keeps of External PN GWs: who may have an operator link, and one-time enrolment tokens.
// Thread and durability rules as in device_store.hpp.

#include <optional>
#include <vector>

#include "core/crypto/random.hpp"
#include "core/ids/ids.hpp"
#include "store/commit_proof.hpp"
#include "store/sealer.hpp"

namespace cpns::store {

using TokenId = ids::OpaqueId<8, struct TokenTag>;

/// Stored on disk: do not change the numbers.
enum class GatewayState : std::uint8_t { Invited = 1, Enrolled = 2, Revoked = 3 };
[[nodiscard]] std::string_view to_text(GatewayState state) noexcept;

/// Who vouches for a PN GW: its certificate, or the operator's IMS core. An identity has one of them for ever, so that
/// `sip:alice@...` of a certificate and of an IMS user are never taken for each other [L1].
enum class Binding : std::uint8_t { Certificate, Ims };
[[nodiscard]] std::string_view to_text(Binding binding) noexcept;

struct GatewayInfo {
  ids::PnGwId pn_gw_id;
  GatewayState state;
  std::size_t device_quota;
  std::size_t device_count;  ///< active or in use, expired ones included
  ids::UnixTime added_at;
  std::optional<ids::UnixTime> enrolled_at;
  std::optional<std::array<std::uint8_t, 32>> certificate_sha256;

  /// An IMS user is enrolled without a certificate. So is one that was revoked before its first certificate: whatever
  /// it is called, it gets nothing any more.
  [[nodiscard]] Binding binding() const noexcept {
    return state == GatewayState::Invited || certificate_sha256 ? Binding::Certificate : Binding::Ims;
  }
};

/// A one-time right to a certificate.
struct Enrolment {
  TokenId token_id;
  ids::PnGwId pn_gw_id;
  secret::EnrollSecret secret;
  ids::UnixTime expires_at;
};

class GatewayStore {
 public:
  /// Both are used from every thread that calls a verb, and must outlive the store.
  GatewayStore(Sealer& sealer, crypto::Random& random) : sealer_(sealer), random_(random) {}
  virtual ~GatewayStore() = default;
  GatewayStore(const GatewayStore&) = delete;
  GatewayStore& operator=(const GatewayStore&) = delete;

  /// Adds the PN GW if it is new, and a token for it; an older unused token of the same PN GW ends, and `device_quota`
  /// takes the place of the earlier one. A revoked PN GW fails with `gateway_is_revoked`.
  void invite(Enrolment enrolment, std::size_t device_quota, ids::UnixTime now, Done done);
  /// Adds an IMS user as a PN GW if it is new; else changes nothing. Fails with `gateway_is_revoked`, or
  /// `gateway_binding_differs` where the identity was invited to a certificate. So does invite() where the core
  /// vouches.
  virtual void admit(ids::PnGwId id, std::size_t device_quota, ids::UnixTime now, Done done) = 0;
  /// Unused and unexpired tokens only; a token has expired from the second `expires_at` on.
  [[nodiscard]] Result<std::optional<Enrolment>> find_enrolment(const TokenId& id, ids::UnixTime now);
  /// Uses the token up, once: the second of two calls fails with `enrolment_token_used`, a late one with
  /// `enrolment_token_expired`.
  virtual void complete_enrolment(TokenId id, std::array<std::uint8_t, 32> certificate_sha256, ids::UnixTime now,
                                  Done done) = 0;
  /// [V1] Revokes the PN GW for ever, with all its devices; its pending assignments and tokens are erased. A second
  /// call succeeds. Fails with `gateway_not_found`.
  virtual void revoke(ids::PnGwId id, ids::UnixTime when, Done done) = 0;
  [[nodiscard]] virtual Result<std::optional<GatewayInfo>> find(const ids::PnGwId& id) = 0;
  /// One page in order of identity, from the one after `after`.
  [[nodiscard]] virtual Result<std::vector<GatewayInfo>> list(std::optional<ids::PnGwId> after, std::size_t limit) = 0;

 protected:
  struct EnrolmentRow {
    TokenId token_id;
    ids::PnGwId pn_gw_id;
    Bytes sealed_secret;
    ids::UnixTime expires_at;
  };
  virtual void raw_invite(EnrolmentRow row, std::size_t device_quota, ids::UnixTime now, Done done) = 0;
  [[nodiscard]] virtual Result<std::optional<EnrolmentRow>> raw_find_enrolment(const TokenId& id,
                                                                               ids::UnixTime now) = 0;

 private:
  Sealer& sealer_;
  crypto::Random& random_;
};

}  // namespace cpns::store
