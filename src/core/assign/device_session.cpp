#include "core/assign/device_session.hpp"

namespace cpns::assign {

DeviceSession::DeviceSession(ids::CorrelationId correlation_id, ids::DeviceName device_name,
                             std::vector<std::string> capabilities, Now now)
    : correlation_id_(correlation_id),
      state_(Start{std::move(device_name), std::move(capabilities)}),
      deadline_(now.steady + step_info(Step::CredentialTransfer).time_limit) {}

DeviceSession::Result DeviceSession::start() {
  auto* start = std::get_if<Start>(&state_);
  if (start == nullptr) return {};
  if (auto next = cursor_.take(MessageKind::ActivationRequest); !next) return refuse(std::move(next).error(), false);
  auto sent = send_activation_request(correlation_id_, std::move(start->device_name), std::move(start->capabilities));
  state_ = sent.state;
  Result result;
  result.actions.emplace_back(SendToGateway{std::move(sent.message)});
  return result;
}

DeviceSession::Result DeviceSession::on_message(Message message, Now) {
  if (message.correlation_id != correlation_id_) {
    return refuse({Code::correlation_id_differs, message.correlation_id.hex(), correlation_id_.hex()}, true);
  }
  if (const auto* alert = std::get_if<Alert>(&message.body)) {
    return refuse(refused_by(*alert, "PN GW", cursor_.expected()), false);
  }
  auto* state = std::get_if<device::AwaitCredential>(&state_);
  auto* transfer = std::get_if<CredentialTransfer>(&message.body);
  if (state == nullptr || transfer == nullptr) {
    return refuse({Code::message_not_next, std::string(message_name(message.body)), cursor_.expected()}, true);
  }
  if (auto next = cursor_.take(MessageKind::CredentialTransfer); !next) return refuse(std::move(next).error(), true);
  auto received = receive_credential_transfer(std::move(*state), std::move(*transfer));
  Result result;
  result.actions.emplace_back(SaveCredential{received.credential.duplicate()});
  state_ = std::move(received);
  return result;
}

DeviceSession::Result DeviceSession::on_saved(Durable stored) {
  auto* received = std::get_if<device::CredentialReceived>(&state_);
  if (received == nullptr) return {};
  if (auto next = cursor_.take(MessageKind::CredentialReceipt); !next) return refuse(std::move(next).error(), true);
  auto receipt = send_credential_receipt(std::move(*received), std::move(stored));
  state_ = Over{};
  Result result;
  result.actions.emplace_back(StepDone{Step::CredentialTransfer});
  result.actions.emplace_back(SendToGateway{std::move(receipt)});
  result.finished = true;
  return result;
}

DeviceSession::Result DeviceSession::on_save_failed(Error error) { return refuse(std::move(error), true); }

DeviceSession::Result DeviceSession::on_link_lost() {
  return refuse({Code::link_lost_in_run, "a closed PAN link", cursor_.expected()}, false);
}

DeviceSession::Result DeviceSession::on_time(Now now) {
  if (now.steady < deadline_ || std::holds_alternative<Over>(state_)) return {};
  if (std::holds_alternative<device::CredentialReceived>(state_)) return {};
  return refuse({Code::assignment_timed_out, "nothing in time", cursor_.expected()}, true);
}

DeviceSession::Result DeviceSession::refuse(Error error, bool tell_peer) {
  state_ = Over{};
  Result result;
  if (tell_peer) result.actions.emplace_back(SendToGateway{alert(correlation_id_)});
  result.refusal = std::move(error).at_step(number(Step::CredentialTransfer));
  return result;
}

}  // namespace cpns::assign
