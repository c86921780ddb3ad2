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

/// Called exactly once, when the write is on disk or has failed. Comes from a thread of the store's choosing:
/// the caller posts to its own loop.
using Done = std::function<void(Result<assign::Durable>)>;

}  // namespace cpns::store
