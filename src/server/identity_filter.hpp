#pragma once
// Which CM Device IDs the store may have a row for: asked before the store is, so that a flood of identities nobody
// has costs no read each [T2]. It never denies one that is there. It may know some that have gone: those cost a read.

#include <unordered_set>

#include "core/ids/ids.hpp"
#include "server/keyed_hash.hpp"
#include "store/device_store.hpp"

namespace cpns::server {

/// Holds the IDs themselves, 16 bytes each, so no two are ever taken for one another. On the loop's thread.
class IdentityFilter {
 public:
  explicit IdentityFilter(crypto::Random& random) : ids_(0, Hash{KeyedHash(random)}) {}

  /// Before the store is told to activate it: from its commit on, the device may call.
  void insert(const ids::CmDeviceId& id) { ids_.insert(id); }
  /// After the store has erased it.
  void remove(const ids::CmDeviceId& id) { ids_.erase(id); }
  /// True for every ID while it is being loaded.
  [[nodiscard]] bool contains(const ids::CmDeviceId& id) const { return loading_ || ids_.contains(id); }
  [[nodiscard]] std::size_t size() const noexcept { return ids_.size(); }

  /// A place in what `devices` has.
  using After = std::optional<ids::AssignmentId>;
  /// Before the first listener opens: nothing is denied until the last page is there.
  void begin_load() noexcept { loading_ = true; }
  /// One page of what `devices` has, from the one after `after`, some milliseconds; where the next begins, nothing
  /// after the last. Fails with a Store error; then it goes on denying nothing.
  [[nodiscard]] Result<After> load_page(store::DeviceStore& devices, const After& after);

 private:
  struct Hash {
    KeyedHash hash;
    std::size_t operator()(const ids::CmDeviceId& id) const noexcept { return hash(id.bytes()); }
  };
  std::unordered_set<ids::CmDeviceId, Hash> ids_;
  bool loading_ = false;
};

}  // namespace cpns::server
