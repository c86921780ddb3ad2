#pragma once
// Waits for a Done: for tests, tools and command line verbs. Never on the thread of an event loop, and never inside a
// Done, where it would wait for itself.

#include <future>
#include <memory>

#include "store/commit_proof.hpp"

namespace cpns::store {

/// `wait_for_done([&](Done done) { devices.revoke(id, now, std::move(done)); })` returns what the Done was called with.
template <class Begin>
[[nodiscard]] Result<assign::Durable> wait_for_done(Begin&& begin) {
  using Outcome = Result<assign::Durable>;
  // Shared with the Done: the store's thread may still be inside set_value when the wait is over.
  auto promise = std::make_shared<std::promise<Outcome>>();
  auto outcome = promise->get_future();
  std::forward<Begin>(begin)(Done([promise](Outcome result) { promise->set_value(std::move(result)); }));
  promise.reset();
  return outcome.get();
}

}  // namespace cpns::store
