#include "server/audit_trail.hpp"

#include "runtime/clock.hpp"

namespace cpns::server {

using audit::Kind;

void AuditTrail::refused(const Error& error, std::string subject, std::optional<ids::CorrelationId> run) {
  known({Kind::Refused, runtime::now(), "server", std::move(subject), audit::detail_of(error), std::move(run)});
}

void AuditTrail::refused_stranger(const Error& error) {
  append(counted([&](audit::Refusals& all) { return all.stranger(error.code, runtime::now()); }));
}

void AuditTrail::refused_admin(const Error& error, std::string request, std::string actor) {
  known({Kind::AdminRefused, runtime::now(), std::move(actor), std::move(request), audit::detail_of(error),
         std::nullopt});
}

void AuditTrail::admin_done(std::string request, std::string actor) {
  append({{Kind::AdminDone, runtime::now(), std::move(actor), std::move(request)}});
}

void AuditTrail::done(audit::Event event) { append({std::move(event)}); }

void AuditTrail::flush() {
  append(counted([](audit::Refusals& all) { return all.flush(runtime::now()); }));
}

void AuditTrail::known(audit::Event event) {
  append(counted([&](audit::Refusals& all) { return all.known(std::move(event)); }));
}

void AuditTrail::append(std::vector<audit::Event> events) {
  for (auto& event : events) {
    store_.append(std::move(event), [&log = log_](const Result<assign::Durable>& written) {
      if (!written) log.error(written.error(), {{"record", "audit"}});
    });
  }
}

}  // namespace cpns::server
