#pragma once
// What the server refuses, for the audit log. What it does is recorded by the stores. Thread-safe: what was
// counted is guarded by a mutex, which only refusals take.

#include <mutex>

#include "core/audit/refusals.hpp"
#include "runtime/log.hpp"
#include "store/audit_store.hpp"

namespace cpns::server {

class AuditTrail {
 public:
  /// Both must outlive it, the log also every write that was begun.
  AuditTrail(store::AuditStore& store, runtime::Log& log) : store_(store), log_(log) {}

  /// A refusal of a CM Device or PN GW that was proved, or that the server has a row of.
  void refused(const Error& error, std::string subject, std::optional<ids::CorrelationId> run = {});
  /// A refusal of anybody else: counted only.
  void refused_stranger(const Error& error);
  void refused_admin(const Error& error, std::string request, std::string actor);
  /// A request that changed something; what it changed has a record of its own.
  void admin_done(std::string request, std::string actor);
  /// What this server has done beside its stores.
  void done(audit::Event event);
  /// Records what was counted and stands in no record yet.
  void flush();

 private:
  void known(audit::Event event);
  void append(std::vector<audit::Event> events);
  /// What `count` of the refusals gives, to be written.
  template <class Count>
  [[nodiscard]] std::vector<audit::Event> counted(Count&& count) {
    const std::scoped_lock lock(mutex_);
    return count(refusals_);
  }

  store::AuditStore& store_;
  runtime::Log& log_;
  std::mutex mutex_;
  audit::Refusals refusals_;
};

}  // namespace cpns::server
