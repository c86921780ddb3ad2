#include "core/assign/wire_reader.hpp"
#include "cpns/v1/cpns.pb.h"

namespace cpns::assign {
namespace {

using wire::malformed;
using wire::Reader;

using Parsed = Result<Body>;
template <class T>
Parsed done(const Reader& r, T&& body) {
  if (r.error()) return *r.error();
  return Body(std::forward<T>(body));
}

ids::AssignmentId assignment_id(Reader& r, const std::string& from) {
  return ids::AssignmentId(r.bytes<ids::AssignmentId::kSize>("assignment_id", from));
}
ids::CmDeviceId cm_device_id(Reader& r, const std::string& from) {
  return ids::CmDeviceId(r.bytes<ids::CmDeviceId::kSize>("cm_device_id", from));
}

Parsed read(const v1::ActivationInvite& m) {
  CPNS_TRY(auto name, ids::DeviceName::parse(m.device_name()));
  return Body(ActivationInvite{std::move(name)});
}
Parsed read(const v1::ActivationRequest& m) {
  Reader r;
  CPNS_TRY(auto name, ids::DeviceName::parse(m.device_name()));
  return done(r, ActivationRequest{std::move(name), r.capabilities(m.capabilities())});
}
Parsed read(const v1::KeySeedRequest& m) {
  Reader r;
  CPNS_TRY(auto name, ids::DeviceName::parse(m.device_name()));
  KeySeedRequest out{r.bytes<32>("gateway_nonce", m.gateway_nonce()), r.bytes<32>("gateway_share", m.gateway_share()),
                     std::move(name), r.capabilities(m.capabilities())};
  return done(r, std::move(out));
}
Parsed read(const v1::KeySeedGrant& m) {
  Reader r;
  KeySeedGrant out{assignment_id(r, m.assignment_id()), r.bytes<32>("server_nonce", m.server_nonce()),
                   r.bytes<32>("server_share", m.server_share()), r.bytes<48>("sealed_key_seed", m.sealed_key_seed()),
                   r.time("expires_at", m.expires_at())};
  return done(r, out);
}
Parsed read(const v1::CmDeviceIdReport& m) {
  Reader r;
  CmDeviceIdReport out{assignment_id(r, m.assignment_id()), cm_device_id(r, m.cm_device_id())};
  return done(r, out);
}
Parsed read(const v1::ServerConfirm& m) {
  Reader r;
  ServerConfirm out{assignment_id(r, m.assignment_id()), r.bytes<32>("code", m.code())};
  return done(r, out);
}
Parsed read(const v1::GatewayConfirm& m) {
  Reader r;
  GatewayConfirm out{assignment_id(r, m.assignment_id()), r.bytes<32>("code", m.code())};
  return done(r, out);
}
Parsed read(const v1::AssignmentComplete& m) {
  Reader r;
  AssignmentComplete out{r.bytes("result", m.result(), 1, 4096), r.bytes<32>("code", m.code())};
  return done(r, std::move(out));
}
Parsed read(v1::CredentialTransfer& m) {
  Reader r;
  const auto id = cm_device_id(r, m.cm_device_id());
  auto raw_key = r.bytes<32>("cm_device_key", m.cm_device_key());
  secret::CmDeviceKey key(raw_key, secret::SecretAccess{});
  secret::wipe(raw_key);
  secret::wipe(*m.mutable_cm_device_key());  // protobuf would free it without wiping
  auto server_id = r.id(ids::ServerId::parse(m.server_id()));
  auto pn_gw_id = r.id(ids::PnGwId::parse(m.pn_gw_id()));
  auto alias = r.id(ids::IdentityAlias::parse(m.identity_alias()));
  const auto expires_at = r.time("expires_at", m.expires_at());
  auto endpoints = r.endpoints(m.endpoints());
  if (r.error()) return *r.error();
  return Body(CredentialTransfer{{id, std::move(key), std::move(*server_id), std::move(*pn_gw_id), std::move(*alias),
                                  expires_at, std::move(endpoints)}});
}
Parsed read(const v1::CredentialReceipt& m) {
  Reader r;
  CredentialReceipt out{cm_device_id(r, m.cm_device_id())};
  return done(r, out);
}
Parsed read(const v1::LinkHello& m) {
  Reader r;
  if (m.role() != v1::LinkHello::ROLE_CM_DEVICE && m.role() != v1::LinkHello::ROLE_CPNS_SERVER) {
    return malformed("role", std::to_string(static_cast<int>(m.role())), "1 or 2");
  }
  CPNS_TRY(auto server_id, ids::ServerId::parse(m.server_id()));
  LinkHello out{static_cast<Role>(m.role()), std::move(server_id), cm_device_id(r, m.cm_device_id())};
  return done(r, std::move(out));
}
Parsed read(const v1::AliasUpdate& m) {
  CPNS_TRY(auto alias, ids::IdentityAlias::parse(m.identity_alias()));
  return Body(AliasUpdate{std::move(alias)});
}
Parsed read(const v1::Ping& m) {
  Reader r;
  Ping out{r.bytes("payload", m.payload(), 0, 64)};
  return done(r, std::move(out));
}
Parsed read(const v1::Pong& m) {
  Reader r;
  Pong out{r.bytes("payload", m.payload(), 0, 64)};
  return done(r, std::move(out));
}
Parsed read(const v1::Alert& m) {
  if (m.reason() != v1::Alert::REASON_UNSPECIFIED && m.reason() != v1::Alert::REASON_DEVICE_QUOTA) {
    return malformed("reason", std::to_string(static_cast<int>(m.reason())), "0 or 1");
  }
  return Body(Alert{static_cast<Alert::Reason>(m.reason())});
}
Parsed read(const v1::EnrollRequest& m) {
  Reader r;
  EnrollRequest out{r.bytes("certificate_request", m.certificate_request(), 1, 8192)};
  return done(r, std::move(out));
}
Parsed read(const v1::EnrollReply& m) {
  Reader r;
  EnrollReply out;
  if (m.certificate_chain_size() < 1 || m.certificate_chain_size() > 4) {
    return malformed("certificate_chain", std::to_string(m.certificate_chain_size()) + " certificates", "1-4");
  }
  for (const auto& c : m.certificate_chain()) out.certificate_chain.push_back(r.bytes("certificate", c, 1, 8192));
  return done(r, std::move(out));
}
Parsed read(const v1::RenewalRequest&) { return Body(RenewalRequest{}); }
Parsed read(const v1::ServerProof& m) {
  Reader r;
  ServerProof out;
  if (m.certificate_chain_size() > 4) {
    return malformed("certificate_chain", std::to_string(m.certificate_chain_size()) + " certificates", "0-4");
  }
  for (const auto& c : m.certificate_chain()) out.certificate_chain.push_back(r.bytes("certificate", c, 1, 8192));
  const bool empty = out.certificate_chain.empty();
  out.signature = r.bytes("signature", m.signature(), empty ? 0 : 1, empty ? 0 : 1024);
  return done(r, std::move(out));
}
Parsed read(const v1::RenewalRefused& m) {
  if (m.reason() != v1::RenewalRefused::REASON_DONE && m.reason() != v1::RenewalRefused::REASON_LATER) {
    return malformed("reason", std::to_string(static_cast<int>(m.reason())), "1 or 2");
  }
  return Body(RenewalRefused{static_cast<RenewalRefused::Reason>(m.reason())});
}
Parsed read(const v1::Release&) { return Body(Release{}); }
Parsed read(const v1::BearerRequest& m) {
  Reader r;
  BearerRequest out{r.bytes<32>("gateway_share", m.gateway_share())};
  return done(r, out);
}
Parsed read(const v1::BearerGrant& m) {
  Reader r;
  CPNS_TRY(auto endpoint, ids::Endpoint::parse(m.endpoint()));
  BearerGrant out{BearerTokenId(r.bytes<BearerTokenId::kSize>("token_id", m.token_id())),
                  r.bytes<32>("server_share", m.server_share()), r.time("expires_at", m.expires_at()),
                  std::move(endpoint)};
  return done(r, std::move(out));
}

Parsed read_body(v1::Message& m) {
  switch (m.body_case()) {
    case v1::Message::kActivationInvite:
      return read(*m.mutable_activation_invite());
    case v1::Message::kActivationRequest:
      return read(*m.mutable_activation_request());
    case v1::Message::kKeySeedRequest:
      return read(*m.mutable_key_seed_request());
    case v1::Message::kKeySeedGrant:
      return read(*m.mutable_key_seed_grant());
    case v1::Message::kCmDeviceIdReport:
      return read(*m.mutable_cm_device_id_report());
    case v1::Message::kServerConfirm:
      return read(*m.mutable_server_confirm());
    case v1::Message::kGatewayConfirm:
      return read(*m.mutable_gateway_confirm());
    case v1::Message::kAssignmentComplete:
      return read(*m.mutable_assignment_complete());
    case v1::Message::kCredentialTransfer:
      return read(*m.mutable_credential_transfer());
    case v1::Message::kCredentialReceipt:
      return read(*m.mutable_credential_receipt());
    case v1::Message::kLinkHello:
      return read(*m.mutable_link_hello());
    case v1::Message::kAliasUpdate:
      return read(*m.mutable_alias_update());
    case v1::Message::kPing:
      return read(*m.mutable_ping());
    case v1::Message::kPong:
      return read(*m.mutable_pong());
    case v1::Message::kAlert:
      return read(*m.mutable_alert());
    case v1::Message::kEnrollRequest:
      return read(*m.mutable_enroll_request());
    case v1::Message::kEnrollReply:
      return read(*m.mutable_enroll_reply());
    case v1::Message::kRenewalRequest:
      return read(*m.mutable_renewal_request());
    case v1::Message::kServerProof:
      return read(*m.mutable_server_proof());
    case v1::Message::kRenewalRefused:
      return read(*m.mutable_renewal_refused());
    case v1::Message::kRelease:
      return read(*m.mutable_release());
    case v1::Message::kBearerRequest:
      return read(*m.mutable_bearer_request());
    case v1::Message::kBearerGrant:
      return read(*m.mutable_bearer_grant());
    case v1::Message::kStream:
    case v1::Message::kRelayOpen:
    case v1::Message::kRelayReady:
    case v1::Message::kJoinRequest:
    case v1::Message::kJoinReply:
      return Error{Code::message_malformed, "a message of core/stream", "a message of an assignment or a link"};
    case v1::Message::BODY_NOT_SET:
      break;
  }
  return Error{Code::message_malformed, "a Message without a body", "one body"};
}

// One message has one encoding: the one that encode() makes. Comparing with it refuses unknown fields at any depth,
// fields given twice or out of order, and padded numbers, none of which lite messages can be asked for.
Result<void> is_canonical(ByteView got, ByteView canonical) {
  if (std::equal(got.begin(), got.end(), canonical.begin(), canonical.end())) return {};
  return Error{Code::message_has_unknown_fields,
               std::to_string(got.size()) + " bytes with unknown, repeated or unordered fields",
               std::to_string(canonical.size()) + " bytes with the known fields once, in order"};
}

}  // namespace

Result<Message> parse(ByteView bytes) {
  if (bytes.empty() || bytes.size() > kMaxMessageSize) {
    return Error{Code::message_too_long, std::to_string(bytes.size()) + " bytes", "1-65536 bytes"};
  }
  v1::Message m;
  const bool parsed = m.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  auto body = parsed ? read_body(m)
                     : Parsed(Error{Code::message_malformed, std::to_string(bytes.size()) + " bytes that do not parse",
                                    "a cpns.v1 Message"});
  if (m.has_credential_transfer()) secret::wipe(*m.mutable_credential_transfer()->mutable_cm_device_key());
  if (!body) return std::move(body).error();
  const auto correlation_id = ids::CorrelationId::from(as_bytes(m.correlation_id()));
  if (!correlation_id)
    return malformed("correlation_id", std::to_string(m.correlation_id().size()) + " bytes", "8 bytes");
  Message message{*correlation_id, std::move(body).value()};
  CPNS_CHECK(is_canonical(bytes, encode(message).view()));
  return message;
}

Result<AssignmentResult> parse_result(ByteView bytes) {
  v1::AssignmentResult m;
  if (!m.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{Code::message_malformed, std::to_string(bytes.size()) + " bytes that do not parse",
                 "an AssignmentResult"};
  }
  if (m.status() != v1::AssignmentResult::STATUS_ACTIVE) {
    return Error{Code::assignment_not_active, "status " + std::to_string(static_cast<int>(m.status())),
                 "status active"};
  }
  Reader r;
  const auto id = assignment_id(r, m.assignment_id());
  auto alias = r.id(ids::IdentityAlias::parse(m.identity_alias()));
  const auto expires_at = r.time("expires_at", m.expires_at());
  auto endpoints = r.endpoints(m.endpoints());
  if (r.error()) return *r.error();
  AssignmentResult result{id, std::move(*alias), expires_at, std::move(endpoints)};
  CPNS_CHECK(is_canonical(bytes, encode_result(result)));
  return result;
}

}  // namespace cpns::assign
