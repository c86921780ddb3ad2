// External-PSK connections: PAN link, direct link, enrolment (protocol.md sections 1 and 4).

#include "tls/profile.hpp"
#include "tls/psk13/engine.hpp"
#include "tls/psk_extension.hpp"

namespace cpns::tls {

Result<std::unique_ptr<Engine>> make_psk_client(PskOffer offer, EngineKind kind) {
  if (offer.identity.empty() || offer.identity.size() > kMaxPskIdentity) {
    return Error{Code::tls_profile_unusable, "a PSK identity of " + std::to_string(offer.identity.size()) + " bytes",
                 "1-" + std::to_string(kMaxPskIdentity)};
  }
  if (kind == EngineKind::Psk13) return psk13::make_client(std::move(offer));
  auto rules = std::make_shared<Rules>(Rules{.role = Rules::Role::PskClient, .alpn = offer.alpn});
  CPNS_TRY(const auto context, make_context(*rules, true));
  // A server that leaves the PSK aside and shows a certificate is never believed.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 0; });
  return make_engine(context.get(), std::move(rules), {}, std::move(offer));
}

Result<std::unique_ptr<EngineFactory>> make_psk_server_factory(PskServerProfile profile, EngineKind kind) {
  if (kind == EngineKind::Psk13) return psk13::make_server_factory(std::move(profile));
  Rules rules{.role = Rules::Role::PskServer,
              .alpn = std::move(profile.alpn),
              .allow_client_without_alpn = profile.allow_client_without_alpn};
  CPNS_TRY(auto context, make_context(rules, profile.allow_p256));
  return make_factory(std::move(context), std::move(rules));
}

}  // namespace cpns::tls
