#pragma once
// The messages as plain structures, and their pure encoding and parsing. Everything a peer can get wrong about form
// (truncation, length, unknown fields, text that is not UTF-8) is refused here, before any state is looked at. [M1]

#include <variant>

#include "core/assign/records.hpp"
#include "core/base/result.hpp"

namespace cpns::assign {

inline constexpr std::size_t kMaxMessageSize = 65536;  ///< bytes, without the four of the length [M1]
inline constexpr std::size_t kMaxCapabilities = 16;    ///< of at most 64 bytes each
inline constexpr std::size_t kMaxEndpoints = 8;

using Nonce = std::array<std::uint8_t, 32>;
using Share = std::array<std::uint8_t, 32>;
using ConfirmCode = std::array<std::uint8_t, 32>;
using SealedKeySeed = std::array<std::uint8_t, 48>;

struct ActivationInvite {
  ids::DeviceName device_name;
};
struct ActivationRequest {
  ids::DeviceName device_name;
  std::vector<std::string> capabilities;
};
struct KeySeedRequest {
  Nonce gateway_nonce;
  Share gateway_share;
  ids::DeviceName device_name;
  std::vector<std::string> capabilities;
};
struct KeySeedGrant {
  ids::AssignmentId assignment_id;
  Nonce server_nonce;
  Share server_share;
  SealedKeySeed sealed_key_seed;
  ids::UnixTime expires_at;
};
struct CmDeviceIdReport {
  ids::AssignmentId assignment_id;
  ids::CmDeviceId cm_device_id;
};
struct ServerConfirm {
  ids::AssignmentId assignment_id;
  ConfirmCode code;
};
struct GatewayConfirm {
  ids::AssignmentId assignment_id;
  ConfirmCode code;
};
struct AssignmentResult {
  ids::AssignmentId assignment_id;
  ids::IdentityAlias identity_alias;
  ids::UnixTime expires_at;
  std::vector<ids::Endpoint> endpoints;
};
struct AssignmentComplete {
  Bytes result;  ///< an encoded AssignmentResult, kept as sent: the transcript absorbs these bytes
  ConfirmCode code;
};
struct CredentialTransfer {
  Credential credential;
};
struct CredentialReceipt {
  ids::CmDeviceId cm_device_id;
};
enum class Role : std::uint8_t { CmDevice = 1, CpnsServer = 2 };
struct LinkHello {
  Role role;
  ids::ServerId server_id;
  ids::CmDeviceId cm_device_id;
};
struct AliasUpdate {
  ids::IdentityAlias identity_alias;
};
struct Ping {
  Bytes payload;  ///< at most 64 bytes
};
struct Pong {
  Bytes payload;
};
struct Alert {
  enum class Reason : std::uint8_t { None = 0, DeviceQuota = 1 };
  Reason reason = Reason::None;
};
/// A bearer for PNE mode, asked for over an IMS operator link.
struct BearerRequest {
  Share gateway_share;
};
using BearerTokenId = ids::OpaqueId<16, struct BearerTokenTag>;
struct BearerGrant {
  BearerTokenId token_id;
  Share server_share;
  ids::UnixTime expires_at;
  ids::Endpoint endpoint;
};
struct EnrollRequest {
  Bytes certificate_request;  ///< PKCS#10, DER, at most 8192 bytes
};
struct EnrollReply {
  std::vector<Bytes> certificate_chain;  ///< 1-4 certificates, DER, at most 8192 bytes each
};

/// The device wishes a renewal (section 5).
struct RenewalRequest {};
/// Before each renewal [R4]; both empty where the Server has no certificate for it.
struct ServerProof {
  std::vector<Bytes> certificate_chain;  ///< 0-4 certificates, DER, at most 8192 bytes each, the Server's own first
  Bytes signature;                       ///< at most 1024 bytes
};
struct RenewalRefused {
  enum class Reason : std::uint8_t { Done = 1, Later = 2 };
  Reason reason;
};
/// The device gives its ID up, and the Server's answer that it is gone.
struct Release {};

using Body = std::variant<ActivationInvite, ActivationRequest, KeySeedRequest, KeySeedGrant, CmDeviceIdReport,
                          ServerConfirm, GatewayConfirm, AssignmentComplete, CredentialTransfer, CredentialReceipt,
                          LinkHello, AliasUpdate, Ping, Pong, Alert, EnrollRequest, EnrollReply, RenewalRequest,
                          ServerProof, RenewalRefused, Release, BearerRequest, BearerGrant>;

struct Message {
  ids::CorrelationId correlation_id;
  Body body;
};

/// Encodes one message, without framing. The result is wiped on release because a CredentialTransfer holds a key.
[[nodiscard]] secret::SecretBuffer encode(const Message& message);
/// The encoding of any message but CredentialTransfer, which is refused at compile time: it holds a key.
template <class T>
[[nodiscard]] Bytes encode_public(const ids::CorrelationId& correlation_id, T body) {
  static_assert(!std::is_same_v<T, CredentialTransfer>, "a CredentialTransfer holds a key: use encode()");
  const auto encoded = encode(Message{correlation_id, std::move(body)});
  const auto view = encoded.view();
  return Bytes(view.begin(), view.end());
}

/// Parses one message. Fails with `message_too_long`, `message_malformed`, `message_has_unknown_fields`,
/// `message_field_malformed` or an identity's own error.
[[nodiscard]] Result<Message> parse(ByteView bytes);

[[nodiscard]] Bytes encode_result(const AssignmentResult& result);
/// Fails like `parse`, and with `assignment_not_active` where status is not active.
[[nodiscard]] Result<AssignmentResult> parse_result(ByteView bytes);

/// Name of the message as in cpns.proto, for logs.
[[nodiscard]] std::string_view message_name(const Body& body) noexcept;

}  // namespace cpns::assign
