#pragma once

#include <mutex>

#include "store/commit_proof.hpp"

namespace cpns::store::memory {

/// Runs one write under the lock, then calls its Done without it. `prove` is CommitProof::after_commit.
template <class Prove, class Write>
void finish(std::mutex& mutex, const Done& done, Prove prove, Write&& write) {
  auto outcome = [&] {
    const std::scoped_lock lock(mutex);
    return write();
  }();
  if (!outcome) return done(std::move(outcome).error());
  done(prove());
}

}  // namespace cpns::store::memory
