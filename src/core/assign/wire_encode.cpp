#include "core/assign/wire.hpp"
#include "cpns/v1/cpns.pb.h"

namespace cpns::assign {
namespace {

template <class Range>
std::string str(const Range& bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}
std::uint64_t seconds_of(ids::UnixTime t) { return static_cast<std::uint64_t>(t.time_since_epoch().count()); }

// One overload for each message: from the plain structure into its place in the oneof.
struct Fill {
  v1::Message& to;

  void operator()(const ActivationInvite& m) const {
    to.mutable_activation_invite()->set_device_name(m.device_name.text());
  }
  void operator()(const ActivationRequest& m) const {
    auto& out = *to.mutable_activation_request();
    out.set_device_name(m.device_name.text());
    for (const auto& c : m.capabilities) out.add_capabilities(c);
  }
  void operator()(const KeySeedRequest& m) const {
    auto& out = *to.mutable_key_seed_request();
    out.set_gateway_nonce(str(m.gateway_nonce));
    out.set_gateway_share(str(m.gateway_share));
    out.set_device_name(m.device_name.text());
    for (const auto& c : m.capabilities) out.add_capabilities(c);
  }
  void operator()(const KeySeedGrant& m) const {
    auto& out = *to.mutable_key_seed_grant();
    out.set_assignment_id(str(m.assignment_id.bytes()));
    out.set_server_nonce(str(m.server_nonce));
    out.set_server_share(str(m.server_share));
    out.set_sealed_key_seed(str(m.sealed_key_seed));
    out.set_expires_at(seconds_of(m.expires_at));
  }
  void operator()(const CmDeviceIdReport& m) const {
    auto& out = *to.mutable_cm_device_id_report();
    out.set_assignment_id(str(m.assignment_id.bytes()));
    out.set_cm_device_id(str(m.cm_device_id.bytes()));
  }
  void operator()(const ServerConfirm& m) const {
    auto& out = *to.mutable_server_confirm();
    out.set_assignment_id(str(m.assignment_id.bytes()));
    out.set_code(str(m.code));
  }
  void operator()(const GatewayConfirm& m) const {
    auto& out = *to.mutable_gateway_confirm();
    out.set_assignment_id(str(m.assignment_id.bytes()));
    out.set_code(str(m.code));
  }
  void operator()(const AssignmentComplete& m) const {
    auto& out = *to.mutable_assignment_complete();
    out.set_result(str(m.result));
    out.set_code(str(m.code));
  }
  void operator()(const CredentialTransfer& m) const {
    auto& out = *to.mutable_credential_transfer();
    const auto& c = m.credential;
    const auto key = c.cm_device_key.reveal(secret::SecretAccess{});
    out.set_cm_device_id(str(c.cm_device_id.bytes()));
    out.set_cm_device_key(key.data(), key.size());  // wiped in encode()
    out.set_server_id(c.server_id.text());
    out.set_pn_gw_id(c.pn_gw_id.text());
    out.set_identity_alias(c.identity_alias.text());
    out.set_expires_at(seconds_of(c.expires_at));
    for (const auto& e : c.endpoints) out.add_endpoints(e.text());
  }
  void operator()(const CredentialReceipt& m) const {
    to.mutable_credential_receipt()->set_cm_device_id(str(m.cm_device_id.bytes()));
  }
  void operator()(const LinkHello& m) const {
    auto& out = *to.mutable_link_hello();
    out.set_role(static_cast<v1::LinkHello::Role>(m.role));
    out.set_server_id(m.server_id.text());
    out.set_cm_device_id(str(m.cm_device_id.bytes()));
  }
  void operator()(const AliasUpdate& m) const {
    to.mutable_alias_update()->set_identity_alias(m.identity_alias.text());
  }
  void operator()(const Ping& m) const { to.mutable_ping()->set_payload(str(m.payload)); }
  void operator()(const Pong& m) const { to.mutable_pong()->set_payload(str(m.payload)); }
  void operator()(const Alert& m) const { to.mutable_alert()->set_reason(static_cast<v1::Alert::Reason>(m.reason)); }
  void operator()(const EnrollRequest& m) const {
    to.mutable_enroll_request()->set_certificate_request(str(m.certificate_request));
  }
  void operator()(const EnrollReply& m) const {
    for (const auto& c : m.certificate_chain) to.mutable_enroll_reply()->add_certificate_chain(str(c));
  }
  void operator()(const RenewalRequest&) const { to.mutable_renewal_request(); }
  void operator()(const ServerProof& m) const {
    auto& out = *to.mutable_server_proof();
    for (const auto& c : m.certificate_chain) out.add_certificate_chain(str(c));
    out.set_signature(str(m.signature));
  }
  void operator()(const RenewalRefused& m) const {
    to.mutable_renewal_refused()->set_reason(static_cast<v1::RenewalRefused::Reason>(m.reason));
  }
  void operator()(const Release&) const { to.mutable_release(); }
  void operator()(const BearerRequest& m) const {
    to.mutable_bearer_request()->set_gateway_share(str(m.gateway_share));
  }
  void operator()(const BearerGrant& m) const {
    auto& out = *to.mutable_bearer_grant();
    out.set_token_id(str(m.token_id.bytes()));
    out.set_server_share(str(m.server_share));
    out.set_expires_at(seconds_of(m.expires_at));
    out.set_endpoint(m.endpoint.text());
  }
};

}  // namespace

secret::SecretBuffer encode(const Message& message) {
  v1::Message out;
  out.set_correlation_id(str(message.correlation_id.bytes()));
  std::visit(Fill{out}, message.body);
  secret::SecretBuffer bytes(out.ByteSizeLong());
  out.SerializeWithCachedSizesToArray(bytes.writable().data());
  // protobuf frees its strings without wiping them.
  if (out.has_credential_transfer()) secret::wipe(*out.mutable_credential_transfer()->mutable_cm_device_key());
  return bytes;
}

Bytes encode_result(const AssignmentResult& result) {
  v1::AssignmentResult out;
  out.set_assignment_id(str(result.assignment_id.bytes()));
  out.set_status(v1::AssignmentResult::STATUS_ACTIVE);
  out.set_identity_alias(result.identity_alias.text());
  out.set_expires_at(seconds_of(result.expires_at));
  for (const auto& e : result.endpoints) out.add_endpoints(e.text());
  Bytes bytes(out.ByteSizeLong());
  out.SerializeWithCachedSizesToArray(bytes.data());
  return bytes;
}

std::string_view message_name(const Body& body) noexcept {
  constexpr std::array<std::string_view, std::variant_size_v<Body>> kNames = {"ActivationInvite",
                                                                              "ActivationRequest",
                                                                              "KeySeedRequest",
                                                                              "KeySeedGrant",
                                                                              "CmDeviceIdReport",
                                                                              "ServerConfirm",
                                                                              "GatewayConfirm",
                                                                              "AssignmentComplete",
                                                                              "CredentialTransfer",
                                                                              "CredentialReceipt",
                                                                              "LinkHello",
                                                                              "AliasUpdate",
                                                                              "Ping",
                                                                              "Pong",
                                                                              "Alert",
                                                                              "EnrollRequest",
                                                                              "EnrollReply",
                                                                              "RenewalRequest",
                                                                              "ServerProof",
                                                                              "RenewalRefused",
                                                                              "Release",
                                                                              "BearerRequest",
                                                                              "BearerGrant"};
  return kNames[body.index()];
}

}  // namespace cpns::assign
