#pragma once
// The sixteen steps as functions, in order; stepNN_*.cpp holds both sides of step NN. All are pure: from a state and
// bytes to the next state or an Error. `raw` is always the message exactly as it came.

#include "core/assign/durable.hpp"
#include "core/assign/states.hpp"
#include "core/crypto/key_exchange.hpp"

namespace cpns::assign {

// Step 0 -------------------------------------------------------------------------------------------------------------
/// The device's half: asks its PN GW. Outside the transcript.
[[nodiscard]] Sent<device::AwaitCredential> send_activation_request(ids::CorrelationId correlation_id,
                                                                    ids::DeviceName device_name,
                                                                    std::vector<std::string> capabilities);
/// The PN GW's half: asks the Server.
[[nodiscard]] Sent<gateway::AwaitKeySeedGrant> send_key_seed_request(gateway::Start&& state, crypto::Random& random);
[[nodiscard]] server::KeySeedRequested receive_key_seed_request(server::Start&& state, KeySeedRequest request,
                                                                ByteView raw);

// Step 1 -------------------------------------------------------------------------------------------------------------
[[nodiscard]] server::KeySeedGenerated generate_key_seed(server::KeySeedRequested&& state, const ServerPolicy& policy,
                                                         crypto::Random& random, ids::UnixTime now);
/// What has to be durable before step 2 [S1].
[[nodiscard]] PendingAssignment pending_record(const server::KeySeedGenerated& state, ids::UnixTime now);

// Step 2 -------------------------------------------------------------------------------------------------------------
/// Fails with `x25519_result_is_zero`.
[[nodiscard]] Result<Sent<server::AwaitCmDeviceIdReport>> send_key_seed_grant(server::KeySeedGenerated&& state,
                                                                              Durable stored,
                                                                              crypto::KeyExchange& key_exchange,
                                                                              crypto::Random& random);
/// Fails with `x25519_result_is_zero`, `key_seed_does_not_open`, `key_seed_grant_expired`.
[[nodiscard]] Result<gateway::KeySeedOpened> receive_key_seed_grant(gateway::AwaitKeySeedGrant&& state,
                                                                    const KeySeedGrant& grant, ByteView raw,
                                                                    ids::UnixTime now);

// Step 3 -------------------------------------------------------------------------------------------------------------
[[nodiscard]] gateway::KeysDerived derive_id_and_key(gateway::KeySeedOpened&& state);

// Step 4 -------------------------------------------------------------------------------------------------------------
[[nodiscard]] Sent<gateway::AwaitServerConfirm> send_cm_device_id_report(gateway::KeysDerived&& state);
/// Fails with `assignment_unknown` where the id is another run's [S8].
[[nodiscard]] Result<server::CmDeviceIdReported> receive_cm_device_id_report(server::AwaitCmDeviceIdReport&& state,
                                                                             const CmDeviceIdReport& report,
                                                                             ByteView raw);

// Step 5 -------------------------------------------------------------------------------------------------------------
/// Fails with `cm_device_id_differs` [S2].
[[nodiscard]] Result<server::CmDeviceIdVerified> verify_cm_device_id(server::CmDeviceIdReported&& state);

// Step 6 -------------------------------------------------------------------------------------------------------------
[[nodiscard]] Sent<server::AwaitGatewayConfirm> send_server_confirm(server::CmDeviceIdVerified&& state);
/// Fails with `assignment_unknown`.
[[nodiscard]] Result<gateway::ServerConfirmReceived> receive_server_confirm(gateway::AwaitServerConfirm&& state,
                                                                            const ServerConfirm& confirm, ByteView raw);

// Step 7 -------------------------------------------------------------------------------------------------------------
/// Fails with `server_confirm_differs` [G1]: the state and with it every key is wiped.
[[nodiscard]] Result<gateway::ServerConfirmVerified> verify_server_confirm(gateway::ServerConfirmReceived&& state);

// Step 8 -------------------------------------------------------------------------------------------------------------
[[nodiscard]] Sent<gateway::AwaitAssignmentComplete> send_gateway_confirm(gateway::ServerConfirmVerified&& state);
/// Fails with `assignment_unknown`.
[[nodiscard]] Result<server::GatewayConfirmReceived> receive_gateway_confirm(server::AwaitGatewayConfirm&& state,
                                                                             const GatewayConfirm& confirm,
                                                                             ByteView raw);

// Step 9 -------------------------------------------------------------------------------------------------------------
/// Fails with `gateway_confirm_differs` [S3]. On success `activation` has to be durable before step 10 [S4].
[[nodiscard]] Result<server::GatewayConfirmVerified> verify_gateway_confirm(server::GatewayConfirmReceived&& state,
                                                                            const ServerPolicy& policy,
                                                                            ids::IdentityAlias alias,
                                                                            ids::UnixTime now);

// Step 10 ------------------------------------------------------------------------------------------------------------
/// The encoded step 10 message; made in step 9, let out here.
[[nodiscard]] Bytes send_assignment_complete(Bytes complete_message, Durable stored);
/// Fails with `complete_code_differs` [S11], `assignment_unknown`, or a malformed result.
[[nodiscard]] Result<gateway::AssignmentCompleted> receive_assignment_complete(gateway::AwaitAssignmentComplete&& state,
                                                                               const AssignmentComplete& complete);

// Step 11 ------------------------------------------------------------------------------------------------------------
struct CredentialTransferSent {
  gateway::AwaitCredentialReceipt state;
  secret::SecretBuffer message;
};
/// `stored`: the PN GW's sealed copy is durable [G2].
[[nodiscard]] CredentialTransferSent send_credential_transfer(gateway::AssignmentCompleted&& state, Durable stored);
[[nodiscard]] device::CredentialReceived receive_credential_transfer(device::AwaitCredential&& state,
                                                                     CredentialTransfer transfer);
/// `stored`: the device has it on disk.
[[nodiscard]] Bytes send_credential_receipt(device::CredentialReceived&& state, Durable stored);
/// Fails with `cm_device_id_differs`.
[[nodiscard]] Result<void> receive_credential_receipt(gateway::AwaitCredentialReceipt&& state,
                                                      const CredentialReceipt& receipt);

}  // namespace cpns::assign
