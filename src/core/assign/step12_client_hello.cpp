// Step 12, D -> S: the TLS ClientHello; its binder is the code that confirms that D has the key.

#include "core/assign/direct_link.hpp"

namespace cpns::assign {

DirectLinkOffer offer_direct_link(const Credential& credential) {
  return {credential.identity_alias.text(), derive_tls_psk(credential.cm_device_key, credential.server_id)};
}

Result<ids::CmDeviceId> read_offered_identity(std::string_view identity, const AliasKeys& alias_keys,
                                              bool plain_allowed) {
  if (identity.size() == ids::CmDeviceId::kTextSize) {
    CPNS_TRY(const auto id, ids::CmDeviceId::parse(identity));
    if (!plain_allowed) return Error{Code::plain_identity_not_allowed, "a plain CM Device ID", "an identity alias"};
    return id;
  }
  if (identity.size() == ids::IdentityAlias::kTextSize) return alias_keys.open(identity);
  return Error{Code::psk_identity_malformed, std::to_string(identity.size()) + " bytes",
               "an identity alias or a CM Device ID"};
}

}  // namespace cpns::assign
