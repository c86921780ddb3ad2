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

namespace {

DirectLink on_open(const Context& context, const assign::Credential& credential, ids::CorrelationId run,
                   std::shared_ptr<runtime::SecureLink> link) {
  auto server = assign::on_server_finished(credential);
  context.log.event(Code::step_done, {{"run", run},
                                      {"step", assign::number(assign::Step::ServerFinished)},
                                      {"party", "device"},
                                      {"cm_device_id", server.cm_device_id}});
  return {std::move(link), std::move(server.server_id), server.cm_device_id, run};
}

ids::CorrelationId run_of(const Context& context) {
  const ids::CorrelationId fresh(context.random.bytes<ids::CorrelationId::kSize>());
  return context.folder.load_run_id(fresh);
}

Code code_of(DialFailure failure) {
  switch (failure) {
    case DialFailure::Refused:
      return Code::direct_link_refused;
    case DialFailure::TurnedAway:
      return Code::server_turned_away;
    case DialFailure::Unreachable:
      break;
  }
  return Code::server_unreachable;
}

Error failed_at_server_finished(Code code, std::string cause) {
  return Error{code, std::move(cause)}.at_step(assign::number(assign::Step::ServerFinished));
}

}  // namespace

runtime::Task<Result<DirectLink>> open_direct_link(const Context& context, std::string_view alpn, DialLimits limits) {
  CPNS_CO_TRY(const auto credential, load_credential(context.store, runtime::now()));
  co_return co_await open_direct_link_with(context, &credential, alpn, limits);
}

runtime::Task<Result<DirectLink>> open_direct_link_beside_run(const Context& context, std::string_view alpn,
                                                              DialLimits limits) {
  CPNS_CO_TRY(auto credential, load_credential(context.store, runtime::now()));
  auto opened = co_await open_direct_link_with(context, &credential, alpn, limits);
  if (opened || opened.error().code != Code::direct_link_refused) co_return opened;
  // Another program of this device may have renewed the key meanwhile.
  CPNS_CO_TRY(auto newer, load_credential(context.store, runtime::now()));
  if (newer.cm_device_id == credential.cm_device_id) co_return opened;
  co_return co_await open_direct_link_with(context, &newer, alpn, limits);
}

runtime::Task<Result<DirectLink>> open_direct_link_with(const Context& context, const assign::Credential* credential,
                                                        std::string_view alpn, DialLimits limits) {
  auto step_12 = assign::offer_direct_link(*credential);
  tls::PskOffer offer{std::move(step_12.identity), std::move(step_12.psk), {std::string(alpn)}};
  auto dialled = co_await dial(credential->endpoints, std::move(offer), limits);
  if (!dialled.link) {
    co_return failed_at_server_finished(code_of(dialled.failure),
                                        dialled.error ? to_text(*dialled.error) : "no endpoint");
  }
  co_return on_open(context, *credential, run_of(context), dialled.link);
}

runtime::Task<Result<DirectLink>> open_direct_link_over(const Context& context,
                                                        std::unique_ptr<runtime::Transport> transport,
                                                        std::string_view alpn, DialLimits limits) {
  CPNS_CO_TRY(const auto credential, load_credential(context.store, runtime::now()));
  auto step_12 = assign::offer_direct_link(credential);
  auto engine = tls::make_psk_client({std::move(step_12.identity), std::move(step_12.psk), {std::string(alpn)}});
  if (!engine) co_return std::move(engine).error();
  const auto link = std::make_shared<runtime::SecureLink>(std::move(transport), std::move(*engine));
  runtime::SecureLink::KeyLookup none;
  auto shaken = co_await link->handshake(limits.handshake, std::move(none));
  if (!shaken) {
    const bool refused = shaken.error().error_class() == MessageClass::Peer;
    co_return failed_at_server_finished(refused ? Code::direct_link_refused : Code::server_unreachable,
                                        to_text(shaken.error()));
  }
  co_return on_open(context, credential, run_of(context), link);
}

Result<void> save_alias(store::CredentialStore& store, const ids::CmDeviceId& id, ids::IdentityAlias alias) {
  CPNS_TRY(auto record, store.load());
  if (!record.credential || record.credential->cm_device_id != id) return {};
  record.credential->identity_alias = std::move(alias);
  CPNS_CHECK(store.save(record));
  return {};
}

}  // namespace cpns::device
