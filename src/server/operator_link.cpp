// Messages of an operator link: each to its run.

#include "server/operator_link.hpp"

#include <algorithm>

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

/// For an answer to bytes that name no run.
const ids::CorrelationId kNoRun(std::array<std::uint8_t, ids::CorrelationId::kSize>{});

}  // namespace

OperatorLink::OperatorLink(Context& context, Assigning& shared, const OperatorLimits& limits, store::Quota quota,
                           std::unique_ptr<OperatorChannel> channel, ids::PnGwId pn_gw_id,
                           std::optional<Bearers> bearers)
    : context_(context),
      shared_(shared),
      limits_(limits),
      quota_(quota),
      channel_(std::move(channel)),
      pn_gw_id_(std::move(pn_gw_id)),
      bearers_(bearers),
      rate_allowance_(2 * limits.messages_per_second),
      rate_seen_(std::chrono::steady_clock::now()) {}

Task<void> OperatorLink::serve() {
  for (;;) {
    auto raw = co_await channel_->receive(limits_.idle);
    if (!raw) {
      auto error = std::move(raw).error();
      if (error.code == Code::peer_too_slow && runs_.empty()) error = Error{Code::operator_link_silent};
      if (error.error_class() == MessageClass::Peer) {
        co_await refuse(kNoRun, std::move(error));
      } else {
        context_.log.error(error, {{"pn_gw_id", pn_gw_id_}, {"peer", channel_->remote()}});
      }
      break;
    }
    if (raw->empty()) break;
    auto taken = co_await take(*raw);
    if (!taken) {
      // Bytes that are no message, or too many: what comes after them can't be trusted to mean anything.
      co_await refuse(kNoRun, taken.error());
      break;
    }
  }
  end_all_runs();
}

Task<Result<void>> OperatorLink::take(const secret::SecretBuffer& raw) {
  if (!within_rate()) {
    co_return Error{Code::message_rate_exceeded, "a burst",
                    std::to_string(static_cast<int>(limits_.messages_per_second)) + " a second"};
  }
  auto parsed = assign::parse(raw.view());
  if (!parsed) co_return parsed.error();
  assign::Message& message = *parsed;
  auto found = runs_.find(message.correlation_id);
  if (found == runs_.end() && !std::holds_alternative<assign::KeySeedRequest>(message.body)) {
    co_await take_without_run(message, raw.view());
    co_return Result<void>{};
  }
  if (found == runs_.end() && !shared_.rates.admit(rate_key_of(as_bytes(pn_gw_id_.text())), runtime::monotonic_ms())) {
    Error error{Code::gateway_rate_exceeded, "one more assignment", "a pause of some seconds", 0};
    co_await refuse(message.correlation_id, std::move(error));
    co_return Result<void>{};
  }
  RunPtr run = found == runs_.end() ? begin_run(message.correlation_id) : found->second;
  if (!run) {
    Error error{Code::too_many_runs, std::to_string(runs_.size() + 1), std::to_string(limits_.runs) + " at most", 0};
    co_await refuse(message.correlation_id, std::move(error));
    co_return Result<void>{};
  }
  auto outcome = run->session.on_message(std::move(message), raw.view(), now());
  co_await perform(run, std::move(outcome));
  co_return Result<void>{};
}

OperatorLink::RunPtr OperatorLink::begin_run(const ids::CorrelationId& correlation_id) {
  if (runs_.size() >= limits_.runs) return nullptr;
  assign::Ends ends{context_.server_id, pn_gw_id_, correlation_id};
  auto run = std::make_shared<Run>(std::move(ends), context_, channel_->executor());
  runs_.emplace(correlation_id, run);
  arm_timer(run);
  return run;
}

Task<void> OperatorLink::take_without_run(const assign::Message& message, ByteView raw) {
  if (assign::is_alert(message)) {
    // The PN GW gave up a run that has ended here too. An Alert is never answered by another.
    context_.log.error(Error{Code::peer_refused, "Alert"}, {{"run", message.correlation_id}, {"pn_gw_id", pn_gw_id_}});
    co_return;
  }
  if (const auto* ping = std::get_if<assign::Ping>(&message.body)) {
    const Bytes pong = assign::encode_public(message.correlation_id, assign::Pong{ping->payload});
    (void)co_await channel_->send(ByteView(pong));
    co_return;
  }
  if (const auto* request = std::get_if<assign::BearerRequest>(&message.body); request != nullptr && bearers_) {
    co_await give_bearer(message.correlation_id, *request);
    co_return;
  }
  if (std::holds_alternative<assign::GatewayConfirm>(message.body)) {
    co_await answer_repeated_confirm(message, raw);
    co_return;
  }
  const auto* report = std::get_if<assign::CmDeviceIdReport>(&message.body);
  auto error =
      report != nullptr
          ? Error{Code::assignment_unknown, report->assignment_id.hex(), "an assignment of this link", 4}
          : Error{Code::message_not_for_server, std::string(assign::message_name(message.body)), "step 0, 4 or 8"};
  co_await refuse(message.correlation_id, std::move(error));
}

Task<void> OperatorLink::answer_repeated_confirm(const assign::Message& message, ByteView raw) {
  const auto id = std::get<assign::GatewayConfirm>(message.body).assignment_id;
  if (const auto activation = shared_.activations.find(id); activation != shared_.activations.end()) {
    const auto saved = activation->second;
    co_await saved->wait();
  }
  auto completed = context_.devices.find_completed(id);
  if (!completed) {
    auto error = std::move(completed).error().at_step(8);
    co_await refuse(message.correlation_id, std::move(error));
    co_return;
  }
  const auto& done = completed.value();
  const bool same = done && done->pn_gw_id == pn_gw_id_ && done->state != store::DeviceState::Revoked &&
                    crypto::equal_ct(done->confirm_digest, crypto::sha256({raw}));
  if (!same) {
    Error error{Code::assignment_unknown, id.hex(), "a completed one, with the same bytes", 8};
    co_await refuse(message.correlation_id, std::move(error));
    co_return;
  }
  context_.log.event(Code::repeated_confirm_answered,
                     {{"run", message.correlation_id}, {"pn_gw_id", pn_gw_id_}, {"assignment_id", id}});
  (void)co_await channel_->send(ByteView(done->complete_message));
}

Task<void> OperatorLink::give_bearer(const ids::CorrelationId& run, const assign::BearerRequest& request) {
  auto given =
      bearers_->tokens.grant(context_.server_id, pn_gw_id_, request.gateway_share, bearers_->endpoint, runtime::now());
  if (!given) {
    auto error = std::move(given).error();
    co_await refuse(run, std::move(error));
    co_return;
  }
  context_.log.event(Code::bearer_token_given,
                     {{"run", run}, {"pn_gw_id", pn_gw_id_}, {"token_id", given->token_id.hex()}});
  const Bytes answer = assign::encode_public(run, std::move(*given));
  (void)co_await channel_->send(ByteView(answer));
}

Task<Result<void>> OperatorLink::invite(ids::DeviceName device_name) {
  const ids::CorrelationId run(context_.random.bytes<ids::CorrelationId::kSize>());
  const Bytes message = assign::encode_public(run, assign::ActivationInvite{std::move(device_name)});
  co_return co_await channel_->send(ByteView(message));
}

Task<void> OperatorLink::refuse(const ids::CorrelationId& correlation_id, Error error) {
  context_.log.error(error, {{"run", correlation_id}, {"pn_gw_id", pn_gw_id_}, {"peer", channel_->remote()}});
  context_.audit_refusal(error, pn_gw_id_.text(), correlation_id);
  const Bytes alert = assign::alert(correlation_id);
  // Where the link is of no more use, the reading side finds out.
  (void)co_await channel_->send(ByteView(alert));
}

bool OperatorLink::within_rate() {
  const auto seen = std::chrono::steady_clock::now();
  const std::chrono::duration<double> passed = seen - rate_seen_;
  rate_seen_ = seen;
  rate_allowance_ =
      std::min(rate_allowance_ + passed.count() * limits_.messages_per_second, 2 * limits_.messages_per_second);
  if (rate_allowance_ < 1) return false;
  rate_allowance_ -= 1;
  return true;
}

}  // namespace cpns::server
