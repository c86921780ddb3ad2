// Step 6, S -> G: ServerConfirm, code = HMAC(confirm key Server, T after step 4).

#include "core/assign/refuse.hpp"
#include "core/assign/step_functions.hpp"

namespace cpns::assign {

Sent<server::AwaitGatewayConfirm> send_server_confirm(server::CmDeviceIdVerified&& state) {
  const auto key = derive_server_confirm_key(state.cm_device_key, state.ends.server_id, state.ends.pn_gw_id);
  auto message = encode_public(state.ends.correlation_id,
                               ServerConfirm{state.assignment_id, confirm_code(key, state.transcript.hash())});
  state.transcript.absorb(Step::ServerConfirm, message);
  return {server::AwaitGatewayConfirm{std::move(state.ends), state.transcript, state.assignment_id, state.cm_device_id,
                                      std::move(state.cm_device_key)},
          std::move(message)};
}

Result<gateway::ServerConfirmReceived> receive_server_confirm(gateway::AwaitServerConfirm&& state,
                                                              const ServerConfirm& confirm, ByteView raw) {
  CPNS_CHECK(same_assignment(confirm.assignment_id, state.keys.assignment_id));
  const auto after_step_4 = state.keys.transcript.hash();
  state.keys.transcript.absorb(Step::ServerConfirm, raw);
  return gateway::ServerConfirmReceived{std::move(state.keys), after_step_4, confirm};
}

}  // namespace cpns::assign
