#pragma once
// A type per state of each side: a step's function takes the state before it by && and gives the state after it, so
// that a step called too early, twice, or by the wrong side does not compile. Every secret in a state is wiped when
// the state is consumed or dropped; that is how "wipes everything" in G1 and S3 is done.

#include "core/assign/key_schedule.hpp"

namespace cpns::assign {

/// A renewal: the ID that it takes the place of, and the connection that it is bound to [R1].
struct Renews {
  ids::CmDeviceId old_id;
  std::array<std::uint8_t, 32> exporter;  ///< TLS exporter "EXPORTER-CPNS-DKA-renewal" of the direct link
};

/// Whom a run is between, from each side's own knowledge of the link, never from a peer's field [K3].
struct Ends {
  ids::ServerId server_id;
  ids::PnGwId pn_gw_id;
  ids::CorrelationId correlation_id;
  std::optional<Renews> renews{};  ///< none: a first assignment

  /// T0 of an assignment, T0' of a renewal.
  [[nodiscard]] Transcript begin() const {
    return renews ? Transcript::renewal(server_id, pn_gw_id, renews->old_id, renews->exporter)
                  : Transcript(server_id, pn_gw_id);
  }
};

/// What the Server decides about an assignment; the same for all runs of one server.
struct ServerPolicy {
  std::chrono::seconds pending_lifetime{300};  ///< [S6]
  std::chrono::seconds device_lifetime{90 * 24 * 3600};
  std::chrono::seconds renew_within{24 * 3600};  ///< a first key that is not renewed by then ends; 0: it does not [R6]
  std::vector<ids::Endpoint> endpoints;          ///< 1-8 places where a direct link may be opened
};

/// A state, and the message that has to be sent because of it.
template <class State>
struct Sent {
  State state;
  Bytes message;
};

namespace server {

struct Start {
  Ends ends;
};
/// After step 0.
struct KeySeedRequested {
  Ends ends;
  KeySeedRequest request;
  Transcript transcript;
};
/// After step 1: not revealed, and not to be revealed before it is durable [S1].
struct KeySeedGenerated {
  Ends ends;
  KeySeedRequest request;
  Transcript transcript;
  secret::KeySeed key_seed;
  ids::AssignmentId assignment_id;
  ids::UnixTime pending_until;
};
/// After step 2.
struct AwaitCmDeviceIdReport {
  Ends ends;
  Transcript transcript;
  secret::KeySeed key_seed;
  ids::AssignmentId assignment_id;
};
/// After step 4.
struct CmDeviceIdReported {
  Ends ends;
  Transcript transcript;
  secret::KeySeed key_seed;
  CmDeviceIdReport report;
};
/// After step 5. The Key Seed is in the store from here on; this state holds the key alone.
struct CmDeviceIdVerified {
  Ends ends;
  Transcript transcript;
  ids::AssignmentId assignment_id;
  ids::CmDeviceId cm_device_id;
  secret::CmDeviceKey cm_device_key;
};
/// After step 6.
struct AwaitGatewayConfirm {
  Ends ends;
  Transcript transcript;  ///< T after step 6
  ids::AssignmentId assignment_id;
  ids::CmDeviceId cm_device_id;
  secret::CmDeviceKey cm_device_key;
};
/// After step 8 has come in.
struct GatewayConfirmReceived {
  AwaitGatewayConfirm before;
  GatewayConfirm confirm;
  Bytes message;  ///< step 8 as sent
};
/// After step 9: `complete_message` may leave when `activation` is durable [S4].
struct GatewayConfirmVerified {
  Activation activation;
};

}  // namespace server

namespace gateway {

struct Start {
  Ends ends;
  ids::DeviceName device_name;
  std::vector<std::string> capabilities;
};
/// After step 0.
struct AwaitKeySeedGrant {
  Ends ends;
  Transcript transcript;
  secret::X25519PrivateKey private_key;
  Share gateway_share;
};
/// After step 2.
struct KeySeedOpened {
  Ends ends;
  Transcript transcript;
  secret::KeySeed key_seed;
  ids::AssignmentId assignment_id;
};
/// After step 3. The Key Seed is gone: it is not needed any more.
struct KeysDerived {
  Ends ends;
  Transcript transcript;
  ids::AssignmentId assignment_id;
  ids::CmDeviceId cm_device_id;
  secret::CmDeviceKey cm_device_key;
};
/// After step 4.
struct AwaitServerConfirm {
  KeysDerived keys;
};
/// After step 6 has come in.
struct ServerConfirmReceived {
  KeysDerived keys;
  TranscriptHash after_step_4;
  ServerConfirm confirm;
};
/// After step 7.
struct ServerConfirmVerified {
  KeysDerived keys;  ///< its transcript stands after step 6
};
/// After step 8.
struct AwaitAssignmentComplete {
  KeysDerived keys;       ///< its transcript stands after step 8
  Bytes confirm_message;  ///< step 8 as sent, to be sent again as it is [S5]
};
/// After a verified step 10.
struct AssignmentCompleted {
  Ends ends;
  Credential credential;
};
/// After step 11.
struct AwaitCredentialReceipt {
  Ends ends;
  ids::CmDeviceId cm_device_id;
};

}  // namespace gateway

namespace device {

/// After the device's half of step 0.
struct AwaitCredential {
  ids::CorrelationId correlation_id;
};
/// After step 11 has come in: to be stored, then acknowledged.
struct CredentialReceived {
  ids::CorrelationId correlation_id;
  Credential credential;
};

}  // namespace device

}  // namespace cpns::assign
