// Step 11, G -> D: CredentialTransfer on the authenticated PAN link, only after a verified step 10 [G3]; D stores it
// durably and answers CredentialReceipt; G's sealed copy is wiped then [G2].

#include "core/assign/step_functions.hpp"

namespace cpns::assign {

CredentialTransferSent send_credential_transfer(gateway::AssignmentCompleted&& state, Durable) {
  const auto id = state.credential.cm_device_id;
  auto message = encode({state.ends.correlation_id, CredentialTransfer{std::move(state.credential)}});
  return {gateway::AwaitCredentialReceipt{std::move(state.ends), id}, std::move(message)};
}

device::CredentialReceived receive_credential_transfer(device::AwaitCredential&& state, CredentialTransfer transfer) {
  return {state.correlation_id, std::move(transfer.credential)};
}

Bytes send_credential_receipt(device::CredentialReceived&& state, Durable) {
  return encode_public(state.correlation_id, CredentialReceipt{state.credential.cm_device_id});
}

Result<void> receive_credential_receipt(gateway::AwaitCredentialReceipt&& state, const CredentialReceipt& receipt) {
  if (receipt.cm_device_id != state.cm_device_id) {
    return Error{Code::cm_device_id_differs, receipt.cm_device_id.text(), state.cm_device_id.text()};
  }
  return {};
}

}  // namespace cpns::assign
