#include "core/assign/gateway_session.hpp"

namespace cpns::assign {

GatewaySession::GatewaySession(Ends ends, crypto::Random& random, Now now)
    : ends_(std::move(ends)), random_(random), state_(Start{}), deadline_(now.steady) {
  expect_within(Step::KeySeedGrant, now);
}

void GatewaySession::expect_within(Step step, Now now) { deadline_ = now.steady + step_info(step).time_limit; }

GatewaySession::Result GatewaySession::on_device_message(Message message, Now now) {
  const auto kind = kind_of(message.body);
  const auto* row = message_row(kind);
  const auto step = row == nullptr ? Step::KeySeedRequest : row->step;
  if (is_alert(message))
    return refuse({Code::peer_refused, "Alert from the device", cursor_.expected()}, step, Tell::Server);
  if (message.correlation_id != ends_.correlation_id) {
    return refuse({Code::correlation_id_differs, message.correlation_id.hex(), ends_.correlation_id.hex()}, step,
                  Tell::Both);
  }
  if (row == nullptr || row->from != Party::CmDevice) {
    return refuse({Code::message_not_next, std::string(message_name(message.body)), cursor_.expected()}, step,
                  Tell::Both);
  }
  if (auto next = cursor_.take(kind); !next) return refuse(std::move(next).error(), step, Tell::Both);

  Result result;
  if (auto* request = std::get_if<ActivationRequest>(&message.body)) {
    if (auto next = cursor_.take(MessageKind::KeySeedRequest); !next)
      return refuse(std::move(next).error(), step, Tell::Device);
    auto sent =
        send_key_seed_request({ends_, std::move(request->device_name), std::move(request->capabilities)}, random_);
    state_ = std::move(sent.state);
    expect_within(Step::KeySeedGrant, now);
    result.actions.emplace_back(SendToServer{std::move(sent.message)});
    return result;
  }
  auto* waiting = std::get_if<gateway::AwaitCredentialReceipt>(&state_);
  auto* receipt = std::get_if<CredentialReceipt>(&message.body);
  if (waiting == nullptr || receipt == nullptr) {
    return refuse({Code::message_not_next, std::string(message_name(message.body)), cursor_.expected()}, step,
                  Tell::Both);
  }
  if (auto received = receive_credential_receipt(std::move(*waiting), *receipt); !received) {
    return refuse(std::move(received).error(), step, Tell::Device);
  }
  state_ = Over{};
  result.actions.emplace_back(EraseCredential{});
  result.finished = true;
  return result;
}

GatewaySession::Result GatewaySession::deliver_again(Message message, Credential credential, Durable stored, Now now) {
  if (message.correlation_id != ends_.correlation_id || !std::holds_alternative<ActivationRequest>(message.body)) {
    return refuse({Code::message_not_next, std::string(message_name(message.body)), cursor_.expected()},
                  Step::KeySeedRequest, Tell::Device);
  }
  if (auto next = cursor_.take(MessageKind::ActivationRequest); !next) {
    return refuse(std::move(next).error(), Step::KeySeedRequest, Tell::Device);
  }
  state_ = gateway::AssignmentCompleted{ends_, std::move(credential)};
  return on_saved(std::move(stored), now);
}

GatewaySession::Result GatewaySession::on_server_message(Message message, ByteView raw, Now now) {
  const auto kind = kind_of(message.body);
  const auto* row = message_row(kind);
  const auto step = row == nullptr ? Step::KeySeedGrant : row->step;
  if (const auto* alert = std::get_if<Alert>(&message.body))
    return refuse(refused_by(*alert, "Server", cursor_.expected()), step, Tell::Device);
  if (message.correlation_id != ends_.correlation_id) {
    return refuse({Code::correlation_id_differs, message.correlation_id.hex(), ends_.correlation_id.hex()}, step,
                  Tell::Both);
  }
  if (row == nullptr || row->from != Party::Server) {
    return refuse({Code::message_not_next, std::string(message_name(message.body)), cursor_.expected()}, step,
                  Tell::Both);
  }
  if (auto next = cursor_.take(kind); !next) return refuse(std::move(next).error(), step, Tell::Both);

  if (const auto* grant = std::get_if<KeySeedGrant>(&message.body)) return on_key_seed_grant(*grant, raw, now);
  if (const auto* confirm = std::get_if<ServerConfirm>(&message.body)) return on_server_confirm(*confirm, raw, now);
  if (const auto* complete = std::get_if<AssignmentComplete>(&message.body)) return on_assignment_complete(*complete);
  return refuse({Code::message_not_next, std::string(row->name), cursor_.expected()}, step, Tell::Both);
}

GatewaySession::Result GatewaySession::on_key_seed_grant(const KeySeedGrant& grant, ByteView raw, Now now) {
  auto* state = std::get_if<gateway::AwaitKeySeedGrant>(&state_);
  if (state == nullptr)
    return refuse({Code::message_not_next, "KeySeedGrant", "step 0"}, Step::KeySeedGrant, Tell::Both);
  auto opened = receive_key_seed_grant(std::move(*state), grant, raw, now.wall);
  if (!opened) return refuse(std::move(opened).error(), Step::KeySeedGrant, Tell::Both);
  auto sent = send_cm_device_id_report(derive_id_and_key(std::move(opened).value()));
  if (auto next = cursor_.take(MessageKind::CmDeviceIdReport); !next) {
    return refuse(std::move(next).error(), Step::CmDeviceIdReport, Tell::Both);
  }
  state_ = std::move(sent.state);
  expect_within(Step::ServerConfirm, now);
  Result result;
  result.actions.emplace_back(StepDone{Step::KeySeedGrant});
  result.actions.emplace_back(StepDone{Step::DeriveIdAndKey});
  result.actions.emplace_back(SendToServer{std::move(sent.message)});
  return result;
}

GatewaySession::Result GatewaySession::on_server_confirm(const ServerConfirm& confirm, ByteView raw, Now now) {
  auto* state = std::get_if<gateway::AwaitServerConfirm>(&state_);
  if (state == nullptr)
    return refuse({Code::message_not_next, "ServerConfirm", "step 2"}, Step::ServerConfirm, Tell::Both);
  auto received = receive_server_confirm(std::move(*state), confirm, raw);
  if (!received) return refuse(std::move(received).error(), Step::ServerConfirm, Tell::Both);
  auto verified = verify_server_confirm(std::move(received).value());
  if (!verified) return refuse(std::move(verified).error(), Step::VerifyServerConfirm, Tell::Both);  // [G1]
  auto sent = send_gateway_confirm(std::move(verified).value());
  if (auto next = cursor_.take(MessageKind::GatewayConfirm); !next) {
    return refuse(std::move(next).error(), Step::GatewayConfirm, Tell::Both);
  }
  state_ = std::move(sent.state);
  expect_within(Step::AssignmentComplete, now);
  Result result;
  result.actions.emplace_back(StepDone{Step::ServerConfirm});
  result.actions.emplace_back(StepDone{Step::VerifyServerConfirm});
  result.actions.emplace_back(SendToServer{std::move(sent.message)});
  return result;
}

GatewaySession::Result GatewaySession::on_assignment_complete(const AssignmentComplete& complete) {
  auto* state = std::get_if<gateway::AwaitAssignmentComplete>(&state_);
  if (state == nullptr) {
    return refuse({Code::message_not_next, "AssignmentComplete", "step 6"}, Step::AssignmentComplete, Tell::Both);
  }
  auto completed = receive_assignment_complete(std::move(*state), complete);
  if (!completed) return refuse(std::move(completed).error(), Step::AssignmentComplete, Tell::Both);
  Result result;
  result.actions.emplace_back(StepDone{Step::AssignmentComplete});
  result.actions.emplace_back(SaveCredential{completed->credential.duplicate()});
  state_ = std::move(completed).value();
  return result;
}

GatewaySession::Result GatewaySession::on_saved(Durable stored, Now now) {
  auto* completed = std::get_if<gateway::AssignmentCompleted>(&state_);
  if (completed == nullptr) return {};
  if (auto next = cursor_.take(MessageKind::CredentialTransfer); !next) {
    return refuse(std::move(next).error(), Step::CredentialTransfer, Tell::Device);
  }
  auto sent = send_credential_transfer(std::move(*completed), std::move(stored));
  state_ = std::move(sent.state);
  expect_within(Step::CredentialTransfer, now);
  Result result;
  result.actions.emplace_back(SendToDevice{std::move(sent.message)});
  return result;
}

GatewaySession::Result GatewaySession::on_save_failed(Error error) {
  return refuse(std::move(error), Step::CredentialTransfer, Tell::Device);
}

GatewaySession::Result GatewaySession::on_operator_link_lost(Now) {
  const bool step_8_is_out = std::holds_alternative<gateway::AwaitAssignmentComplete>(state_);
  const bool needs_it_no_more = std::holds_alternative<gateway::AssignmentCompleted>(state_) ||
                                std::holds_alternative<gateway::AwaitCredentialReceipt>(state_);
  if (step_8_is_out || needs_it_no_more) return {};
  return refuse({Code::link_lost_in_run, "a closed operator link", cursor_.expected()}, Step::KeySeedGrant,
                Tell::Device);
}

GatewaySession::Result GatewaySession::on_operator_link_restored(Now now) {
  auto* state = std::get_if<gateway::AwaitAssignmentComplete>(&state_);
  if (state == nullptr) return {};
  // Once more at the most: kRuns has one repetition, and a second loss within the same half minute ends the run.
  if (auto next = cursor_.take(MessageKind::GatewayConfirm); !next) {
    return refuse(std::move(next).error(), Step::GatewayConfirm, Tell::Both);
  }
  expect_within(Step::AssignmentComplete, now);
  Result result;
  result.actions.emplace_back(SendToServer{state->confirm_message});
  return result;
}

GatewaySession::Result GatewaySession::on_pan_link_lost() {
  if (std::holds_alternative<gateway::AwaitCredentialReceipt>(state_)) {
    state_ = Over{};
    Result result;
    result.refusal = Error{Code::link_lost_in_run, "a closed PAN link", cursor_.expected()}.at_step(
        number(Step::CredentialTransfer));
    return result;
  }
  // From step 8 on the Server may have made the assignment active: see it through, and keep the credential.
  if (std::holds_alternative<gateway::AwaitAssignmentComplete>(state_) ||
      std::holds_alternative<gateway::AssignmentCompleted>(state_)) {
    return {};
  }
  return refuse({Code::link_lost_in_run, "a closed PAN link", cursor_.expected()}, Step::KeySeedRequest, Tell::Server);
}

GatewaySession::Result GatewaySession::on_time(Now now) {
  if (now.steady < deadline_ || std::holds_alternative<Over>(state_)) return {};
  if (std::holds_alternative<gateway::AssignmentCompleted>(state_)) return {};  // the store decides, not the clock
  const bool waits_for_device = std::holds_alternative<gateway::AwaitCredentialReceipt>(state_);
  const auto step = waits_for_device ? Step::CredentialTransfer : Step::KeySeedGrant;
  return refuse({Code::assignment_timed_out, "nothing in time", cursor_.expected()}, step,
                waits_for_device ? Tell::Device : Tell::Both);
}

GatewaySession::Result GatewaySession::refuse(Error error, Step step, Tell whom) {
  state_ = Over{};  // wipes every secret of the run [G1]
  Result result;
  if (whom == Tell::Server || whom == Tell::Both)
    result.actions.emplace_back(SendToServer{alert(ends_.correlation_id)});
  if (whom == Tell::Device || whom == Tell::Both) {
    result.actions.emplace_back(SendToDevice{encode({ends_.correlation_id, alert_for(error)})});
  }
  result.refusal = std::move(error).at_step(number(step));
  return result;
}

}  // namespace cpns::assign
