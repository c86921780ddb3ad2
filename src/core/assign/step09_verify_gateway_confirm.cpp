// Step 9, S: verifies the PN GW's code; on failure the assignment is dead and its Key Seed erased [S3]; on success it
// is active, durable before step 10 leaves [S4]. Step 10 is made here, because a restarted server has to be able to
// send the same bytes again [S5, S12].

#include "core/assign/step_functions.hpp"

namespace cpns::assign {

Result<server::GatewayConfirmVerified> verify_gateway_confirm(server::GatewayConfirmReceived&& received,
                                                              const ServerPolicy& policy, ids::IdentityAlias alias,
                                                              ids::UnixTime now) {
  auto state = std::move(received.before);
  const auto& ends = state.ends;
  const auto gateway_key = derive_gateway_confirm_key(state.cm_device_key, ends.server_id, ends.pn_gw_id);
  if (!crypto::equal_ct(confirm_code(gateway_key, state.transcript.hash()), received.confirm.code)) {
    return Error{Code::gateway_confirm_differs, "a code made with another key or over another run",
                 "HMAC with the PN GW's confirm key over T after step 6"};
  }
  const auto expires_at = now + policy.device_lifetime;
  auto result = encode_result({state.assignment_id, std::move(alias), expires_at, policy.endpoints});

  // T absorbs step 8's message and then `result` as step 10; the code is made over that T [S11].
  state.transcript.absorb(Step::GatewayConfirm, received.message);
  state.transcript.absorb(Step::AssignmentComplete, result);
  const auto complete_key = derive_complete_confirm_key(state.cm_device_key, ends.server_id, ends.pn_gw_id);
  auto message = encode_public(
      ends.correlation_id, AssignmentComplete{std::move(result), confirm_code(complete_key, state.transcript.hash())});
  const bool first = !ends.renews && policy.renew_within.count() > 0;
  return server::GatewayConfirmVerified{
      Activation{state.assignment_id, ends.pn_gw_id, state.cm_device_id, crypto::sha256({received.message}),
                 std::move(message), now, expires_at, first ? std::optional(now + policy.renew_within) : std::nullopt}};
}

}  // namespace cpns::assign
