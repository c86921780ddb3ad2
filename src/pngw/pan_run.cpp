#include "pngw/pan_run.hpp"

#include "pngw/commit.hpp"
#include "runtime/clock.hpp"

namespace cpns::pngw {

using Session = assign::GatewaySession;

assign::Now system_now() { return {runtime::now(), std::chrono::milliseconds(runtime::monotonic_ms())}; }

PanRun::PanRun(const RunContext& context, store::PairingId peer, ids::CorrelationId id, std::shared_ptr<Outbox> device,
               std::function<void()> on_over)
    : context_(context),
      peer_(peer),
      session_({context.server_id, context.pn_gw_id, id}, context.random, context.now()),
      device_(std::move(device)),
      on_over_(std::move(on_over)) {}

Result<void> PanRun::begin(assign::Message request) {
  CPNS_TRY(auto waiting, context_.pairings.find_undelivered(peer_));
  if (waiting && waiting->credential.expires_at > context_.now().wall) {
    return deliver_again(std::move(request), std::move(waiting->credential));
  }
  if (!context_.operator_link->up()) {
    return Error{Code::operator_link_is_down, "no operator link", "an open one"};
  }
  const auto id = session_.correlation_id();
  if (!context_.operator_link->attach(id, weak_from_this())) {
    return Error{Code::run_exists_already, id.hex(), "a correlation_id of its own for each run"};
  }
  attached_ = true;
  apply(session_.on_device_message(std::move(request), context_.now()));
  return {};
}

// Saving it once more makes the proof that it is durable, and puts this run's correlation id beside it.
Result<void> PanRun::deliver_again(assign::Message request, assign::Credential credential) {
  const auto shared =
      std::make_shared<std::pair<assign::Message, assign::Credential>>(std::move(request), credential.duplicate());
  auto then = [self = shared_from_this(), shared](Result<assign::Durable> stored) {
    if (self->over_) return;
    if (!stored) return self->apply(self->session_.on_save_failed(std::move(stored).error()));
    self->apply(self->session_.deliver_again(std::move(shared->first), std::move(shared->second),
                                             std::move(stored).value(), self->context_.now()));
  };
  context_.log.event(Code::credential_delivered_again, {{"run", session_.correlation_id()}, {"pairing", peer_.hex()}});
  context_.pairings.save_undelivered(peer_, credential, session_.correlation_id(),
                                     on_loop(context_.executor, std::move(then)));
  return {};
}

void PanRun::on_device_message(assign::Message message) {
  if (!over_) apply(session_.on_device_message(std::move(message), context_.now()));
}

void PanRun::on_pan_link_lost() {
  device_.reset();
  if (!over_ && !erasing_) apply(session_.on_pan_link_lost());
}

void PanRun::on_server_message(assign::Message message, ByteView raw) {
  if (!over_ && !erasing_) apply(session_.on_server_message(std::move(message), raw, context_.now()));
}

void PanRun::on_operator_link_lost() {
  if (!over_ && !erasing_) apply(session_.on_operator_link_lost(context_.now()));
}

void PanRun::on_operator_link_restored() {
  if (!over_ && !erasing_) apply(session_.on_operator_link_restored(context_.now()));
}

void PanRun::on_time() {
  if (!over_ && !erasing_ && context_.now().steady >= session_.deadline()) apply(session_.on_time(context_.now()));
}

void PanRun::apply(Session::Result result) {
  for (auto& action : result.actions) {
    std::visit([this](auto& one) { act(std::move(one)); }, action);
  }
  if (result.refusal) {
    context_.log.error(*result.refusal, {{"run", session_.correlation_id()}, {"pairing", peer_.hex()}});
    const bool waited_for_server = result.refusal->step != assign::number(assign::Step::CredentialTransfer);
    end();
    if (result.refusal->code == Code::assignment_timed_out && waited_for_server) context_.operator_link->suspect();
  } else if (result.finished && !erasing_) {
    end();
  }
}

void PanRun::act(Session::SendToServer action) {
  if (attached_) context_.operator_link->send(action.message);
}

void PanRun::act(Session::SendToDevice action) {
  if (device_) {
    device_->send(std::move(action.message));
    return;
  }
  // The link was lost while the Server or the store worked: the credential is saved and waits for the next link.
  auto lost = [self = shared_from_this()] {
    if (!self->over_) self->apply(self->session_.on_pan_link_lost());
  };
  runtime::asio::post(context_.executor, std::move(lost));
}

void PanRun::act(Session::SaveCredential action) {
  auto then = [self = shared_from_this()](Result<assign::Durable> stored) {
    if (self->over_) return;
    auto& session = self->session_;
    self->apply(stored ? session.on_saved(std::move(stored).value(), self->context_.now())
                       : session.on_save_failed(std::move(stored).error()));
  };
  context_.pairings.save_undelivered(peer_, action.credential, session_.correlation_id(),
                                     on_loop(context_.executor, std::move(then)));
}

void PanRun::act(Session::EraseCredential) {
  erasing_ = true;
  auto then = [self = shared_from_this()](Result<assign::Durable> erased) {
    auto& log = self->context_.log;
    const auto& run = self->session_.correlation_id();
    if (!erased) {
      log.error(erased.error(), {{"run", run}});
    } else {
      log.event(Code::credential_received, {{"run", run}, {"pairing", self->peer_.hex()}});
    }
    self->end();
  };
  context_.pairings.erase_undelivered(peer_, on_loop(context_.executor, std::move(then)));
}

void PanRun::act(assign::StepDone action) {
  context_.log.event(Code::step_done,
                     {{"run", session_.correlation_id()}, {"step", assign::number(action.step)}, {"party", "gateway"}});
}

// The PAN link closes with its run; what was sent before leaves first.
void PanRun::end() {
  if (std::exchange(over_, true)) return;
  if (attached_) context_.operator_link->detach(session_.correlation_id());
  if (device_) std::exchange(device_, nullptr)->finish();
  if (on_over_) std::exchange(on_over_, nullptr)();
}

}  // namespace cpns::pngw
