// Step 5, S: recomputes the ID from its own Key Seed and the identity that the link authenticated, refuses any other
// [S2], and derives the CM Device Key. Consuming the state is what takes step 4 once for one Key Seed [S10].

#include "core/assign/step_functions.hpp"

namespace cpns::assign {

Result<server::CmDeviceIdVerified> verify_cm_device_id(server::CmDeviceIdReported&& state) {
  const auto seed = std::move(state.key_seed);
  const auto prk = derive_prk(seed);
  const auto id = derive_cm_device_id(prk, state.ends.server_id, state.ends.pn_gw_id);  // [K3]
  if (!crypto::equal_ct(id.bytes(), state.report.cm_device_id.bytes())) {
    return Error{Code::cm_device_id_differs, state.report.cm_device_id.text(), "the ID of this Key Seed and PN GW"};
  }
  return server::CmDeviceIdVerified{std::move(state.ends), state.transcript, state.report.assignment_id, id,
                                    derive_cm_device_key(prk, id)};
}

}  // namespace cpns::assign
