#pragma once

#include <mutex>

#include "store/memory/rows.hpp"

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

/// The same for the server's rows, whose writes are counted.
template <class Prove, class Write>
void finish(Rows& rows, const Done& done, Prove prove, Write&& write) {
  const Done counted = [&](Result<assign::Durable> outcome) {
    ++rows.commits;
    done(std::move(outcome));
  };
  finish(rows.mutex, counted, prove, std::forward<Write>(write));
}

}  // namespace cpns::store::memory
