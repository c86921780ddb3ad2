// Step 3, G: derives the CM Device ID, then the CM Device Key. The Key Seed is wiped on return.

#include "core/assign/step_functions.hpp"

namespace cpns::assign {

gateway::KeysDerived derive_id_and_key(gateway::KeySeedOpened&& state) {
  const auto seed = std::move(state.key_seed);
  const auto prk = derive_prk(seed);
  const auto id = derive_cm_device_id(prk, state.ends.server_id, state.ends.pn_gw_id);
  return {std::move(state.ends), state.transcript, state.assignment_id, id, derive_cm_device_key(prk, id)};
}

}  // namespace cpns::assign
