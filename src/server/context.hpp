#pragma once
// What every link of one server needs. All references live as long as the server; used on its loop's thread only,
// but for the stores and the log, which are thread-safe.

#include "core/assign/identity_alias.hpp"
#include "core/assign/session.hpp"
#include "core/crypto/key_exchange.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "server/audit_trail.hpp"
#include "server/identity_filter.hpp"
#include "store/device_store.hpp"
#include "store/gateway_store.hpp"
#include "tls/server_proof.hpp"

namespace cpns::server {

struct Context {
  ids::ServerId server_id;
  store::DeviceStore& devices;
  store::GatewayStore& gateways;
  const store::Sealer& sealer;
  const assign::AliasKeys& alias_keys;
  const assign::ServerPolicy& policy;
  crypto::Random& random;
  runtime::Log& log;
  IdentityFilter& identities;
  crypto::KeyExchange& key_exchange;
  const tls::ServerProver* prover = nullptr;  ///< [R4]
  AuditTrail* audit = nullptr;

  /// For the audit log, where there is one.
  void audit_refusal(const Error& error, std::string subject, std::optional<ids::CorrelationId> run = {}) const {
    if (audit != nullptr) audit->refused(error, std::move(subject), std::move(run));
  }
  void audit_stranger(const Error& error) const {
    if (audit != nullptr) audit->refused_stranger(error);
  }
};

[[nodiscard]] inline assign::Now now() { return {runtime::now(), std::chrono::milliseconds(runtime::monotonic_ms())}; }

}  // namespace cpns::server
