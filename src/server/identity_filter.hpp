#pragma once
// Which CM Device IDs the store may have a row for: asked before the store is, so that a flood of identities nobody
// has costs no read each [T2]. It never denies one that is there. It may know some that have gone: those cost a read.

#include "server/identity_set.hpp"
#include "store/device_store.hpp"

namespace cpns::server {

/// Any thread. Who asks takes no lock.
class IdentityFilter {
 public:
  explicit IdentityFilter(crypto::Random& random) : ids_(random) {}

  /// Before the store is told to activate it: from its commit on, the device may call.
  void insert(const ids::CmDeviceId& id) { ids_.insert(id); }
  /// After the store has erased it.
  void remove(const ids::CmDeviceId& id) { ids_.remove(id); }
  /// True for every ID while it is being loaded.
  [[nodiscard]] bool contains(const ids::CmDeviceId& id) const noexcept {
    return loading_.load(std::memory_order_acquire) || ids_.contains(id);
  }
  [[nodiscard]] std::size_t size() const noexcept { return ids_.size(); }

  /// A place in what `devices` has.
  using After = std::optional<ids::CmDeviceId>;
  /// Before the first listener opens: nothing is denied until the last page is there.
  void begin_load() noexcept { loading_ = true; }
  /// One page of what `devices` has, from the one after `after`, a millisecond or two; where the next begins, nothing
  /// after the last. By one thread at a time. Fails with a Store error; then it goes on denying nothing.
  [[nodiscard]] Result<After> load_page(store::DeviceStore& devices, const After& after);

 private:
  IdentitySet ids_;
  std::atomic<bool> loading_{false};
};

}  // namespace cpns::server
