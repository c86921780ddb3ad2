#include "core/assign/link_session.hpp"

namespace cpns::assign {

LinkSession::LinkSession(Role mine, ids::ServerId server_id, ids::CmDeviceId cm_device_id,
                         ids::CorrelationId correlation_id)
    : mine_(mine), server_id_(std::move(server_id)), cm_device_id_(cm_device_id), correlation_id_(correlation_id) {}

LinkSession::Result LinkSession::start() {
  Result result;
  result.actions.emplace_back(Send{send_link_hello(mine_, server_id_, cm_device_id_, correlation_id_)});
  return result;
}

LinkSession::Result LinkSession::on_message(const Message& message) {
  Result result;
  if (!open_) {
    const auto* hello = std::get_if<LinkHello>(&message.body);
    if (hello == nullptr) {
      return refuse({Code::link_message_not_expected, std::string(message_name(message.body)), "LinkHello"});
    }
    const auto theirs = mine_ == Role::CmDevice ? Role::CpnsServer : Role::CmDevice;
    if (auto verified = verify_link_hello(*hello, theirs, server_id_, cm_device_id_); !verified) {
      return refuse(std::move(verified).error());
    }
    open_ = true;
    result.actions.emplace_back(StepDone{Step::LinkHello});
    return result;
  }
  if (const auto* ping = std::get_if<Ping>(&message.body)) {
    result.actions.emplace_back(Send{encode_public(correlation_id_, Pong{ping->payload})});
    return result;
  }
  if (std::holds_alternative<Pong>(message.body)) return result;
  const auto* update = std::get_if<AliasUpdate>(&message.body);
  if (update != nullptr && mine_ == Role::CmDevice) {
    result.actions.emplace_back(SaveAlias{update->identity_alias});
    return result;
  }
  if (std::holds_alternative<ActivationInvite>(message.body) && mine_ == Role::CmDevice) {
    result.actions.emplace_back(Invited{});
    return result;
  }
  if (is_alert(message)) return refuse({Code::peer_refused, "Alert", "signalling"});
  return refuse({Code::link_message_not_expected, std::string(message_name(message.body)), "signalling"});
}

Bytes LinkSession::alias_update(ids::IdentityAlias identity_alias) const {
  return encode_public(correlation_id_, AliasUpdate{std::move(identity_alias)});
}

Bytes LinkSession::invite(ids::DeviceName device_name) const {
  return encode_public(correlation_id_, ActivationInvite{std::move(device_name)});
}

Bytes LinkSession::ping(Bytes payload) const { return encode_public(correlation_id_, Ping{std::move(payload)}); }

LinkSession::Result LinkSession::refuse(Error error) {
  Result result;
  if (error.code != Code::peer_refused) result.actions.emplace_back(Send{alert(correlation_id_)});
  result.refusal = std::move(error).at_step(number(Step::LinkHello));
  return result;
}

}  // namespace cpns::assign
