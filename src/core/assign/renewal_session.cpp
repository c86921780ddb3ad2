#include "core/assign/renewal_session.hpp"

namespace cpns::assign {

RenewalSession::RenewalSession(Ends ends, ids::DeviceName device_name, crypto::Random& random, Now now)
    : ends_(std::move(ends)),
      device_name_(std::move(device_name)),
      random_(random),
      state_(Start{}),
      deadline_(now.steady) {
  expect_within(Step::KeySeedGrant, now);
}

void RenewalSession::expect_within(Step step, Now now) { deadline_ = now.steady + step_info(step).time_limit; }

RenewalSession::Result RenewalSession::start(Now now) {
  if (!std::holds_alternative<Start>(state_) || !ends_.renews) {
    return refuse({Code::renewal_not_possible, "a run without an old ID", "a fresh run"}, Step::KeySeedRequest, false);
  }
  if (auto next = cursor_.take(MessageKind::RenewalRequest); !next) {
    return refuse(std::move(next).error(), Step::KeySeedRequest, false);
  }
  state_ = AwaitProof{};
  expect_within(Step::KeySeedGrant, now);
  Result result;
  result.actions.emplace_back(Send{encode_public(ends_.correlation_id, RenewalRequest{})});
  return result;
}

RenewalSession::Result RenewalSession::on_message(Message message, ByteView raw, Now now) {
  const auto kind = kind_of(message.body);
  const auto* row = message_row(kind);
  const auto step = row == nullptr ? Step::KeySeedRequest : row->step;
  if (is_alert(message)) return refuse({Code::peer_refused, "Alert from the Server", cursor_.expected()}, step, false);
  if (message.correlation_id != ends_.correlation_id) {
    return refuse({Code::correlation_id_differs, message.correlation_id.hex(), ends_.correlation_id.hex()}, step);
  }
  if (const auto* refused = std::get_if<RenewalRefused>(&message.body)) {
    const bool done = refused->reason == RenewalRefused::Reason::Done;
    return refuse({done ? Code::renewal_refused : Code::renewal_needs_server, done ? "renewed already" : "not now",
                   "a renewal of " + ends_.renews->old_id.text()},
                  step, false);
  }
  if (row == nullptr || row->from != Party::Server) {
    return refuse({Code::message_not_next, std::string(message_name(message.body)), cursor_.expected()}, step);
  }
  if (auto next = cursor_.take(kind); !next) return refuse(std::move(next).error(), step);

  if (auto* proof = std::get_if<ServerProof>(&message.body); proof && std::holds_alternative<AwaitProof>(state_)) {
    state_ = CheckingProof{};
    Result result;
    result.actions.emplace_back(CheckProof{std::move(*proof)});
    return result;
  }
  const auto* grant = std::get_if<KeySeedGrant>(&message.body);
  if (auto* state = std::get_if<gateway::AwaitKeySeedGrant>(&state_); state && grant)
    return on_key_seed_grant(std::move(*state), *grant, raw, now);
  const auto* confirm = std::get_if<ServerConfirm>(&message.body);
  if (auto* state = std::get_if<gateway::AwaitServerConfirm>(&state_); state && confirm)
    return on_server_confirm(std::move(*state), *confirm, raw, now);
  const auto* complete = std::get_if<AssignmentComplete>(&message.body);
  if (auto* state = std::get_if<gateway::AwaitAssignmentComplete>(&state_); state && complete)
    return on_assignment_complete(std::move(*state), *complete);
  return refuse({Code::message_not_next, std::string(row->name), cursor_.expected()}, step);
}

RenewalSession::Result RenewalSession::on_proof_checked(cpns::Result<void> checked, Now now) {
  if (!std::holds_alternative<CheckingProof>(state_)) return {};
  if (!checked) return refuse(std::move(checked).error(), Step::KeySeedRequest);
  if (auto next = cursor_.take(MessageKind::KeySeedRequest); !next) {
    return refuse(std::move(next).error(), Step::KeySeedRequest);
  }
  auto sent = send_key_seed_request({ends_, device_name_, {}}, random_);
  state_ = std::move(sent.state);
  expect_within(Step::KeySeedGrant, now);
  Result result;
  result.actions.emplace_back(Send{std::move(sent.message)});
  return result;
}

RenewalSession::Result RenewalSession::on_key_seed_grant(gateway::AwaitKeySeedGrant&& state, const KeySeedGrant& grant,
                                                         ByteView raw, Now now) {
  auto opened = receive_key_seed_grant(std::move(state), grant, raw, now.wall);
  if (!opened) return refuse(std::move(opened).error(), Step::KeySeedGrant);
  auto sent = send_cm_device_id_report(derive_id_and_key(std::move(opened).value()));
  if (auto next = cursor_.take(MessageKind::CmDeviceIdReport); !next) {
    return refuse(std::move(next).error(), Step::CmDeviceIdReport);
  }
  state_ = std::move(sent.state);
  expect_within(Step::ServerConfirm, now);
  Result result;
  result.actions.emplace_back(StepDone{Step::KeySeedGrant});
  result.actions.emplace_back(StepDone{Step::DeriveIdAndKey});
  result.actions.emplace_back(Send{std::move(sent.message)});
  return result;
}

RenewalSession::Result RenewalSession::on_server_confirm(gateway::AwaitServerConfirm&& state,
                                                         const ServerConfirm& confirm, ByteView raw, Now now) {
  auto received = receive_server_confirm(std::move(state), confirm, raw);
  if (!received) return refuse(std::move(received).error(), Step::ServerConfirm);
  auto verified = verify_server_confirm(std::move(received).value());
  if (!verified) return refuse(std::move(verified).error(), Step::VerifyServerConfirm);  // [G1]
  auto sent = send_gateway_confirm(std::move(verified).value());
  if (auto next = cursor_.take(MessageKind::GatewayConfirm); !next) {
    return refuse(std::move(next).error(), Step::GatewayConfirm);
  }
  state_ = std::move(sent.state);
  expect_within(Step::AssignmentComplete, now);
  Result result;
  result.actions.emplace_back(StepDone{Step::ServerConfirm});
  result.actions.emplace_back(StepDone{Step::VerifyServerConfirm});
  result.actions.emplace_back(Send{std::move(sent.message)});
  return result;
}

RenewalSession::Result RenewalSession::on_assignment_complete(gateway::AwaitAssignmentComplete&& state,
                                                              const AssignmentComplete& complete) {
  auto completed = receive_assignment_complete(std::move(state), complete);
  if (!completed) return refuse(std::move(completed).error(), Step::AssignmentComplete);
  state_ = Saving{};
  Result result;
  result.actions.emplace_back(StepDone{Step::AssignmentComplete});
  result.actions.emplace_back(SaveCredential{std::move(completed->credential)});
  return result;
}

RenewalSession::Result RenewalSession::on_saved(Durable) {
  Result result;
  if (!std::holds_alternative<Saving>(state_)) return result;
  state_ = Over{};
  result.finished = true;
  return result;
}

// The old credential stays; the Server replaces the unused new one when it is asked again [R3].
RenewalSession::Result RenewalSession::on_save_failed(Error error) {
  return refuse(std::move(error), Step::AssignmentComplete, false);
}

RenewalSession::Result RenewalSession::on_time(Now now) {
  if (now.steady < deadline_ || std::holds_alternative<Over>(state_) || std::holds_alternative<Saving>(state_))
    return {};
  return refuse({Code::assignment_timed_out, "nothing in time", cursor_.expected()}, Step::KeySeedGrant);
}

RenewalSession::Result RenewalSession::refuse(Error error, Step step, bool tell_peer) {
  state_ = Over{};  // wipes every secret of the run [G1]
  Result result;
  if (tell_peer) result.actions.emplace_back(Send{alert(ends_.correlation_id)});
  result.refusal = std::move(error).at_step(number(step));
  return result;
}

}  // namespace cpns::assign
