#include "store/gateway_store.hpp"

#include "store/places.hpp"

namespace cpns::store {

std::string_view to_text(GatewayState state) noexcept {
  switch (state) {
    case GatewayState::Invited:
      return "invited";
    case GatewayState::Enrolled:
      return "enrolled";
    case GatewayState::Revoked:
      return "revoked";
  }
  return "unknown";
}

std::string_view to_text(Binding binding) noexcept { return binding == Binding::Ims ? "ims" : "certificate"; }

void GatewayStore::invite(Enrolment enrolment, std::size_t device_quota, ids::UnixTime now, Done done) {
  auto sealed = sealer_.seal(enrolment_place(enrolment.token_id), enrolment.secret, random_);
  raw_invite({enrolment.token_id, std::move(enrolment.pn_gw_id), std::move(sealed), enrolment.expires_at}, device_quota,
             now, std::move(done));
}

Result<std::optional<Enrolment>> GatewayStore::find_enrolment(const TokenId& id, ids::UnixTime now) {
  CPNS_TRY(auto row, raw_find_enrolment(id, now));
  if (!row) return std::optional<Enrolment>();
  CPNS_TRY(auto secret, sealer_.open_as<secret::EnrollSecret>(enrolment_place(row->token_id), row->sealed_secret));
  return std::optional<Enrolment>(
      Enrolment{row->token_id, std::move(row->pn_gw_id), std::move(secret), row->expires_at});
}

}  // namespace cpns::store
