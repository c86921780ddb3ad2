// Step 1, S: generates the Key Seed and stores it, sealed, state pending, durable before step 2 leaves [S1].

#include "core/assign/step_functions.hpp"

namespace cpns::assign {

server::KeySeedGenerated generate_key_seed(server::KeySeedRequested&& state, const ServerPolicy& policy,
                                           crypto::Random& random, ids::UnixTime now) {
  auto key_seed = secret::KeySeed::make([&](std::span<std::uint8_t, 32> to) { random.fill(to); });
  const ids::AssignmentId assignment_id(random.bytes<ids::AssignmentId::kSize>());
  return {std::move(state.ends), std::move(state.request),     state.transcript, std::move(key_seed),
          assignment_id,         now + policy.pending_lifetime};
}

PendingAssignment pending_record(const server::KeySeedGenerated& state, ids::UnixTime now) {
  return {state.assignment_id,
          state.ends.correlation_id,
          state.ends.pn_gw_id,
          state.request.device_name,
          state.key_seed.duplicate(),  // one copy to the store, one for steps 2 and 5
          now,
          state.pending_until,
          state.ends.renews ? std::optional(state.ends.renews->old_id) : std::nullopt};
}

}  // namespace cpns::assign
