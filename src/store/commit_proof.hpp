#pragma once

#include <functional>

#include "core/assign/durable.hpp"
#include "core/base/result.hpp"

namespace cpns::store {

/// The only maker of assign::Durable. Backends derive from it and call `after_commit` when their commit has returned.
class CommitProof {
 protected:
  [[nodiscard]] static assign::Durable after_commit() { return {}; }
};

/// Called exactly once, when the write is on disk or has failed. Comes from a thread of the store's choosing, perhaps
/// before the verb has returned: the caller posts to its own loop. It must neither block nor throw; it may call verbs
/// of the store that take a Done. Of writes begun by one thread the Done come in the order of the calls, but that of
/// `store_overloaded` comes at once. After a Store error of the disk the write may yet turn up after a restart.
using Done = std::function<void(Result<assign::Durable>)>;

}  // namespace cpns::store
