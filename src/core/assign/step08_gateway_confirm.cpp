// Step 8, G -> S: GatewayConfirm, code = HMAC(confirm key PN GW, T after step 6).

#include "core/assign/refuse.hpp"
#include "core/assign/step_functions.hpp"

namespace cpns::assign {

Sent<gateway::AwaitAssignmentComplete> send_gateway_confirm(gateway::ServerConfirmVerified&& state) {
  auto keys = std::move(state.keys);
  const auto key = derive_gateway_confirm_key(keys.cm_device_key, keys.ends.server_id, keys.ends.pn_gw_id);
  auto message = encode_public(keys.ends.correlation_id,
                               GatewayConfirm{keys.assignment_id, confirm_code(key, keys.transcript.hash())});
  keys.transcript.absorb(Step::GatewayConfirm, message);
  return {gateway::AwaitAssignmentComplete{std::move(keys), message}, std::move(message)};
}

Result<server::GatewayConfirmReceived> receive_gateway_confirm(server::AwaitGatewayConfirm&& state,
                                                               const GatewayConfirm& confirm, ByteView raw) {
  CPNS_CHECK(same_assignment(confirm.assignment_id, state.assignment_id));  // [S8]
  return server::GatewayConfirmReceived{std::move(state), confirm, Bytes(raw.begin(), raw.end())};
}

}  // namespace cpns::assign
