#include "server/identity_loader.hpp"

#include <sys/resource.h>
#include <unistd.h>

namespace cpns::server {

namespace {

constexpr int kLowPriority = 5;  ///< a quarter of what a loop gets, where they share a core

}  // namespace

IdentityLoader::IdentityLoader(IdentityFilter& filter, store::DeviceStore& devices, runtime::Log& log)
    : filter_(filter), devices_(devices), log_(log), thread_([this] { run(); }) {}

IdentityLoader::~IdentityLoader() {
  stopping_ = true;
  thread_.join();
}

void IdentityLoader::run() {
  // Of this thread alone, as Linux has it. Best effort.
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLowPriority));
  IdentityFilter::After after;
  do {
    auto next = filter_.load_page(devices_, after);
    if (!next) return log_.error(next.error());
    after = std::move(next).value();
  } while (after && !stopping_);
  if (!after) log_.event(Code::restart_loaded, {{"identities", filter_.size()}});
}

}  // namespace cpns::server
