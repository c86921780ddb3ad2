// Step 7, G: verifies the Server's code; on failure everything is wiped and reported [G1].

#include "core/assign/step_functions.hpp"

namespace cpns::assign {

Result<gateway::ServerConfirmVerified> verify_server_confirm(gateway::ServerConfirmReceived&& state) {
  auto keys = std::move(state.keys);  // leaves with this function, whichever way it ends
  const auto key = derive_server_confirm_key(keys.cm_device_key, keys.ends.server_id, keys.ends.pn_gw_id);
  if (!crypto::equal_ct(confirm_code(key, state.after_step_4), state.confirm.code)) {
    return Error{Code::server_confirm_differs, "a code made with another key or over another run",
                 "HMAC with the Server's confirm key over T after step 4"};
  }
  return gateway::ServerConfirmVerified{std::move(keys)};
}

}  // namespace cpns::assign
