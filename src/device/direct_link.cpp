#include "device/direct_link.hpp"

#include "core/assign/direct_link.hpp"
#include "core/assign/steps.hpp"
#include "runtime/clock.hpp"

namespace cpns::device {

Result<assign::Credential> load_credential(store::CredentialStore& store, ids::UnixTime now) {
  CPNS_TRY(auto record, store.load());
  if (!record.credential) {
    if (record.gateway) return Error{Code::device_has_no_credential, "an unfinished pairing", "ID and key"};
    return Error{Code::device_not_paired, "an empty record", "ID and key"};
  }
  if (record.credential->expires_at <= now) {
    return Error{Code::credential_expired, record.credential->cm_device_id.text(), "a key that is still good"};
  }
  return std::move(*record.credential);
}

runtime::Task<Result<DirectLink>> open_direct_link(const Context& context, std::string_view alpn, DialLimits limits) {
  CPNS_CO_TRY(const auto credential, load_credential(context.store, runtime::now()));
  const ids::CorrelationId fresh(context.random.bytes<ids::CorrelationId::kSize>());
  const auto run = context.folder.load_run_id(fresh);
  auto step_12 = assign::offer_direct_link(credential);
  tls::PskOffer offer{std::move(step_12.identity), std::move(step_12.psk), {std::string(alpn)}};
  auto dialled = co_await dial(credential.endpoints, std::move(offer), limits);
  if (!dialled.link) {
    const auto code = dialled.failure == DialFailure::Refused ? Code::direct_link_refused : Code::server_unreachable;
    co_return Error{code, dialled.error ? to_text(*dialled.error) : "no endpoint"}.at_step(
        assign::number(assign::Step::ServerFinished));
  }
  auto server = assign::on_server_finished(credential);
  context.log.event(Code::step_done, {{"run", run},
                                      {"step", assign::number(assign::Step::ServerFinished)},
                                      {"party", "device"},
                                      {"cm_device_id", server.cm_device_id}});
  co_return DirectLink{dialled.link, std::move(server.server_id), server.cm_device_id, run};
}

Result<void> save_alias(store::CredentialStore& store, const ids::CmDeviceId& id, ids::IdentityAlias alias) {
  CPNS_TRY(auto record, store.load());
  if (!record.credential || record.credential->cm_device_id != id) return {};
  record.credential->identity_alias = std::move(alias);
  CPNS_CHECK(store.save(record));
  return {};
}

}  // namespace cpns::device
