#include "core/assign/server_session.hpp"

#include <algorithm>

namespace cpns::assign {

ServerSession::ServerSession(Ends ends, const ServerPolicy& policy, const AliasKeys& alias_keys,
                             crypto::KeyExchange& key_exchange, crypto::Random& random, Now now)
    : policy_(policy),
      alias_keys_(alias_keys),
      key_exchange_(key_exchange),
      random_(random),
      correlation_id_(ends.correlation_id),
      state_(server::Start{std::move(ends)}),
      deadline_(now.steady + policy.pending_lifetime) {}

ServerSession::Result ServerSession::on_message(Message message, ByteView raw, Now now) {
  const auto waits_for_store =
      std::holds_alternative<server::KeySeedGenerated>(state_) || std::holds_alternative<AwaitActivation>(state_);
  if (waits_for_store && std::equal(raw.begin(), raw.end(), last_raw_.begin(), last_raw_.end())) return {};

  const auto kind = kind_of(message.body);
  const auto* row = message_row(kind);
  const auto step = row == nullptr ? Step::KeySeedRequest : row->step;
  if (message.correlation_id != correlation_id_) {
    return refuse({Code::correlation_id_differs, message.correlation_id.hex(), correlation_id_.hex()}, step, true);
  }
  if (is_alert(message)) return refuse({Code::peer_refused, "Alert", cursor_.expected()}, step, false);
  if (waits_for_store) {
    return refuse(
        {Code::message_not_next, std::string(message_name(message.body)), "no message while the store is busy"}, step,
        true);
  }
  if (row != nullptr && row->to != Party::Server) {
    return refuse({Code::message_not_next, std::string(row->name), cursor_.expected()}, step, true);
  }
  if (auto next = cursor_.take(kind); !next) return refuse(std::move(next).error(), step, true);
  last_raw_.assign(raw.begin(), raw.end());

  if (std::holds_alternative<RenewalRequest>(message.body)) return on_renewal_request();
  if (auto* request = std::get_if<KeySeedRequest>(&message.body))
    return on_key_seed_request(std::move(*request), raw, now);
  if (auto* report = std::get_if<CmDeviceIdReport>(&message.body)) return on_cm_device_id_report(*report, raw);
  if (auto* confirm = std::get_if<GatewayConfirm>(&message.body)) return on_gateway_confirm(*confirm, raw, now);
  return refuse({Code::message_not_next, std::string(message_name(message.body)), cursor_.expected()}, step, true);
}

ServerSession::Result ServerSession::on_renewal_request() {
  const auto* start = std::get_if<server::Start>(&state_);
  if (start == nullptr || !start->ends.renews) {
    return refuse({Code::renewal_not_possible, "RenewalRequest", "one over the device's own direct link"},
                  Step::KeySeedRequest, true);
  }
  if (auto next = cursor_.take(MessageKind::ServerProof); !next) {
    return refuse(std::move(next).error(), Step::KeySeedRequest, true);
  }
  Result result;
  result.actions.emplace_back(Prove{});
  return result;
}

ServerSession::Result ServerSession::on_key_seed_request(KeySeedRequest request, ByteView raw, Now now) {
  auto* start = std::get_if<server::Start>(&state_);
  if (start == nullptr) return refuse({Code::message_not_next, "KeySeedRequest", "step 4"}, Step::KeySeedRequest, true);
  // A renewal begins with RenewalRequest and nothing else does: the two kinds of run do not mix.
  if (start->ends.renews.has_value() != cursor_.possible("renewal [R1]")) {
    return refuse({Code::message_not_next, "KeySeedRequest", start->ends.renews ? "RenewalRequest" : "an assignment"},
                  Step::KeySeedRequest, true);
  }
  auto generated = generate_key_seed(receive_key_seed_request(std::move(*start), std::move(request), raw), policy_,
                                     random_, now.wall);
  SavePending save{pending_record(generated, now.wall), generated.request.gateway_share};
  pending_ = generated.assignment_id;
  state_ = std::move(generated);
  Result result;
  result.actions.emplace_back(StepDone{Step::KeySeedRequest});
  result.actions.emplace_back(std::move(save));
  return result;
}

ServerSession::Result ServerSession::on_cm_device_id_report(const CmDeviceIdReport& report, ByteView raw) {
  auto* state = std::get_if<server::AwaitCmDeviceIdReport>(&state_);
  if (state == nullptr)
    return refuse({Code::message_not_next, "CmDeviceIdReport", "step 0"}, Step::CmDeviceIdReport, true);
  auto reported = receive_cm_device_id_report(std::move(*state), report, raw);
  if (!reported) return refuse(std::move(reported).error(), Step::CmDeviceIdReport, true);
  auto verified = verify_cm_device_id(std::move(reported).value());
  if (!verified) return refuse(std::move(verified).error(), Step::VerifyCmDeviceId, true);
  auto sent = send_server_confirm(std::move(verified).value());
  if (auto next = cursor_.take(MessageKind::ServerConfirm); !next) {
    return refuse(std::move(next).error(), Step::ServerConfirm, true);
  }
  state_ = std::move(sent.state);
  Result result;
  result.actions.emplace_back(StepDone{Step::CmDeviceIdReport});
  result.actions.emplace_back(StepDone{Step::VerifyCmDeviceId});
  result.actions.emplace_back(Send{std::move(sent.message)});
  return result;
}

ServerSession::Result ServerSession::on_gateway_confirm(const GatewayConfirm& confirm, ByteView raw, Now now) {
  auto* state = std::get_if<server::AwaitGatewayConfirm>(&state_);
  if (state == nullptr) return refuse({Code::message_not_next, "GatewayConfirm", "step 0"}, Step::GatewayConfirm, true);
  auto alias = alias_keys_.make(state->cm_device_id, random_);
  auto received = receive_gateway_confirm(std::move(*state), confirm, raw);
  if (!received) return refuse(std::move(received).error(), Step::GatewayConfirm, true);
  auto verified = verify_gateway_confirm(std::move(received).value(), policy_, std::move(alias), now.wall);
  if (!verified) return refuse(std::move(verified).error(), Step::VerifyGatewayConfirm, true);
  state_ = AwaitActivation{verified->activation.complete_message};
  Result result;
  result.actions.emplace_back(StepDone{Step::GatewayConfirm});
  result.actions.emplace_back(SaveActivation{std::move(verified->activation)});
  return result;
}

ServerSession::Result ServerSession::on_saved(Durable stored, Now) {
  Result result;
  if (auto* generated = std::get_if<server::KeySeedGenerated>(&state_)) {
    auto sent = send_key_seed_grant(std::move(*generated), std::move(stored), key_exchange_, random_);
    if (!sent) return refuse(std::move(sent).error(), Step::KeySeedGrant, true);
    if (auto next = cursor_.take(MessageKind::KeySeedGrant); !next) {
      return refuse(std::move(next).error(), Step::KeySeedGrant, true);
    }
    state_ = std::move(sent->state);
    result.actions.emplace_back(StepDone{Step::GenerateKeySeed});
    result.actions.emplace_back(Send{std::move(sent->message)});
    return result;
  }
  if (auto* waiting = std::get_if<AwaitActivation>(&state_)) {
    pending_.reset();
    if (auto next = cursor_.take(MessageKind::AssignmentComplete); !next) {
      return refuse(std::move(next).error(), Step::AssignmentComplete, true);
    }
    auto message = send_assignment_complete(std::move(waiting->complete_message), std::move(stored));
    state_ = Over{};
    result.actions.emplace_back(StepDone{Step::VerifyGatewayConfirm});
    result.actions.emplace_back(Send{std::move(message)});
    result.finished = true;
  }
  return result;
}

ServerSession::Result ServerSession::on_save_failed(Error error) {
  const bool at_start = std::holds_alternative<server::KeySeedGenerated>(state_);
  // A begin that failed has left nothing to erase. An activation that failed has left a pending row.
  if (at_start) pending_.reset();
  return refuse(std::move(error), at_start ? Step::GenerateKeySeed : Step::VerifyGatewayConfirm, true);
}

ServerSession::Result ServerSession::on_time(Now now) {
  if (now.steady < deadline_ || std::holds_alternative<Over>(state_)) return {};
  if (std::holds_alternative<AwaitActivation>(state_)) return {};  // the store decides, not the clock
  return refuse({Code::assignment_timed_out, "nothing in time", cursor_.expected()}, Step::GenerateKeySeed, true);
}

ServerSession::Result ServerSession::on_link_lost() {
  if (std::holds_alternative<AwaitActivation>(state_)) {
    pending_.reset();  // the PN GW asks again with the same step 8 over its next link [S5]
    Result result;
    result.finished = true;
    return result;
  }
  return refuse({Code::link_lost_in_run, "a closed operator link", cursor_.expected()}, Step::KeySeedRequest, false);
}

ServerSession::Result ServerSession::refuse(Error error, Step step, bool tell_peer) {
  state_ = Over{};  // wipes every secret of the run
  Result result;
  if (pending_) result.actions.emplace_back(ErasePending{*pending_});
  if (tell_peer) result.actions.emplace_back(Send{encode_public(correlation_id_, alert_for(error))});
  pending_.reset();
  result.refusal = std::move(error).at_step(number(step));
  return result;
}

}  // namespace cpns::assign
