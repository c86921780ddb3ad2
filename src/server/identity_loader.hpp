#pragma once
// Fills the filter after a start, from a thread of its own and of low priority: until it has ended each look-up reads
// the store, as if there were no filter.

#include <atomic>
#include <thread>

#include "runtime/log.hpp"
#include "server/identity_filter.hpp"

namespace cpns::server {

class IdentityLoader {
 public:
  /// Begins. Says `restart_loaded` at the end, or why it gave up. All of them must outlive it.
  IdentityLoader(IdentityFilter& filter, store::DeviceStore& devices, runtime::Log& log);
  /// Gives up where it is, within a page, and waits for the thread.
  ~IdentityLoader();
  IdentityLoader(const IdentityLoader&) = delete;
  IdentityLoader& operator=(const IdentityLoader&) = delete;

 private:
  void run();

  IdentityFilter& filter_;
  store::DeviceStore& devices_;
  runtime::Log& log_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;  ///< last member: starts when all others are there
};

}  // namespace cpns::server
