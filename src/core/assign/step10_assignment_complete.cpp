// Step 10, S -> G: AssignmentComplete, code = HMAC(confirm key complete, T after `result`) [S11].

#include "core/assign/refuse.hpp"
#include "core/assign/step_functions.hpp"

namespace cpns::assign {

Bytes send_assignment_complete(Bytes complete_message, Durable) { return complete_message; }

Result<gateway::AssignmentCompleted> receive_assignment_complete(gateway::AwaitAssignmentComplete&& state,
                                                                 const AssignmentComplete& complete) {
  auto keys = std::move(state.keys);
  keys.transcript.absorb(Step::AssignmentComplete, complete.result);
  const auto key = derive_complete_confirm_key(keys.cm_device_key, keys.ends.server_id, keys.ends.pn_gw_id);
  if (!crypto::equal_ct(confirm_code(key, keys.transcript.hash()), complete.code)) {
    return Error{Code::complete_code_differs, "a code made with another key or over another run",
                 "HMAC with the complete confirm key over T after the result"};
  }
  // Only now is the result looked into: before the code, these bytes are anybody's.
  CPNS_TRY(auto result, parse_result(complete.result));
  CPNS_CHECK(same_assignment(result.assignment_id, keys.assignment_id));
  return gateway::AssignmentCompleted{
      keys.ends, Credential{keys.cm_device_id, std::move(keys.cm_device_key), keys.ends.server_id, keys.ends.pn_gw_id,
                            std::move(result.identity_alias), result.expires_at, std::move(result.endpoints)}};
}

}  // namespace cpns::assign
