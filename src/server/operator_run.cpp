// What the sessions of an operator link want done.

#include "server/committed.hpp"
#include "server/erase_pending.hpp"
#include "server/operator_link.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using assign::ServerSession;
using runtime::Task;

Task<void> OperatorLink::perform(RunPtr run, Outcome outcome) {
  const auto correlation_id = run->session.correlation_id();
  const auto self = shared_from_this();
  if (outcome.refusal) {
    context_.log.error(*outcome.refusal,
                       {{"run", correlation_id}, {"pn_gw_id", pn_gw_id_}, {"peer", channel_->remote()}});
    context_.audit_refusal(*outcome.refusal, pn_gw_id_.text(), correlation_id);
  }
  if (outcome.over()) {
    run->timer.cancel();
    runs_.erase(correlation_id);
  }
  for (auto& action : outcome.actions) {
    if (auto* send = std::get_if<ServerSession::Send>(&action)) {
      (void)co_await channel_->send(ByteView(send->message));
    } else if (auto* pending = std::get_if<ServerSession::SavePending>(&action)) {
      auto saving = save_pending(self, run, std::make_shared<ServerSession::SavePending>(std::move(*pending)));
      asio::co_spawn(channel_->executor(), std::move(saving), runtime::unattended);
    } else if (auto* activation = std::get_if<ServerSession::SaveActivation>(&action)) {
      auto saving = save_activation(self, run, std::make_shared<assign::Activation>(std::move(activation->activation)));
      asio::co_spawn(channel_->executor(), std::move(saving), runtime::unattended);
    } else if (auto* erase = std::get_if<ServerSession::ErasePending>(&action)) {
      erase_pending(*run, erase->assignment_id);
    } else if (auto* done = std::get_if<assign::StepDone>(&action)) {
      context_.log.event(Code::step_done, {{"run", correlation_id},
                                           {"step", assign::number(done->step)},
                                           {"party", "server"},
                                           {"pn_gw_id", pn_gw_id_}});
    }
  }
}

Task<void> OperatorLink::save_pending(std::shared_ptr<OperatorLink> self, RunPtr run,
                                      std::shared_ptr<ServerSession::SavePending> save) {
  Write write(self->channel_->executor());
  self->context_.devices.begin(std::move(save->pending), self->quota_, write.done());
  // Step 2 is not sent before this is durable, but its arithmetic is done by then, with that of other runs.
  auto exchanged = co_await self->shared_.exchanges.exchange(save->gateway_share);
  run->exchange.put(save->gateway_share, std::move(exchanged));
  auto saved = co_await write.ended();
  co_await self->on_save_ended(run, std::move(saved));
}

Task<void> OperatorLink::save_activation(std::shared_ptr<OperatorLink> self, RunPtr run,
                                         std::shared_ptr<assign::Activation> activation) {
  const auto id = activation->assignment_id;
  const auto in_flight = std::make_shared<Signal>(self->channel_->executor());
  self->shared_.activations.insert_or_assign(id, in_flight);
  self->context_.identities.insert(activation->cm_device_id);
  auto& devices = self->context_.devices;
  auto begin = [&devices, activation](store::Done done) { devices.activate(std::move(*activation), std::move(done)); };
  auto saved = co_await committed(std::move(begin));
  self->shared_.activations.erase(id);
  in_flight->raise();
  co_await self->on_save_ended(run, std::move(saved));
}

Task<void> OperatorLink::on_save_ended(RunPtr run, Result<assign::Durable> saved) {
  // The run may have ended meanwhile: its link was lost, or its time was up.
  const auto found = runs_.find(run->session.correlation_id());
  if (found == runs_.end() || found->second != run) co_return;
  auto outcome = saved ? run->session.on_saved(std::move(saved).value(), now())
                       : run->session.on_save_failed(std::move(saved).error());
  co_await perform(run, std::move(outcome));
}

void OperatorLink::arm_timer(const RunPtr& run) {
  const auto wait = run->session.deadline() - now().steady;
  run->timer.expires_after(std::max(wait, std::chrono::milliseconds(1)));
  run->timer.async_wait(
      [weak = weak_from_this(), weak_run = std::weak_ptr<Run>(run)](const boost::system::error_code& cancelled) {
        const auto self = weak.lock();
        const auto waited_for = weak_run.lock();
        if (cancelled || !self || !waited_for) return;
        asio::co_spawn(self->channel_->executor(), on_time(self, waited_for), runtime::unattended);
      });
}

Task<void> OperatorLink::on_time(std::shared_ptr<OperatorLink> self, RunPtr run) {
  auto outcome = run->session.on_time(now());
  co_await self->perform(run, std::move(outcome));
}

void OperatorLink::erase_pending(const Run& run, const ids::AssignmentId& id) {
  server::erase_pending(channel_->executor(), context_, id, run.session.correlation_id());
}

void OperatorLink::end_all_runs() {
  const auto runs = std::exchange(runs_, {});
  for (const auto& [correlation_id, run] : runs) {
    run->timer.cancel();
    auto outcome = run->session.on_link_lost();
    if (outcome.refusal) {
      context_.log.error(*outcome.refusal, {{"run", correlation_id}, {"pn_gw_id", pn_gw_id_}});
      context_.audit_refusal(*outcome.refusal, pn_gw_id_.text(), correlation_id);
    }
    for (const auto& action : outcome.actions) {
      if (const auto* erase = std::get_if<ServerSession::ErasePending>(&action))
        erase_pending(*run, erase->assignment_id);
    }
  }
}

}  // namespace cpns::server
