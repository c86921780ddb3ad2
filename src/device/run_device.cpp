#include "device/run_device.hpp"

#include "core/assign/link_session.hpp"

namespace cpns::device {

namespace asio = runtime::asio;
using assign::LinkSession;
using runtime::Task;

DeviceRunner::DeviceRunner(asio::any_io_executor executor, const Context& context, RunLimits limits)
    : executor_(std::move(executor)),
      context_(context),
      limits_(limits),
      pause_timer_(executor_),
      ping_timer_(executor_) {}

void DeviceRunner::stop() {
  stopped_ = true;
  pause_timer_.cancel();
  ping_timer_.cancel();
  if (outbox_) outbox_->finish();
}

Task<void> DeviceRunner::wait(std::chrono::milliseconds pause) {
  boost::system::error_code ignored;
  pause_timer_.expires_after(pause);
  co_await pause_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<Result<void>> DeviceRunner::run(std::optional<ids::DeviceName> name) {
  CPNS_CO_TRY(const auto record, context_.store.load());
  if (is_unfinished(record)) {
    // The name was given to `pair` and is not kept; it decides nothing.
    auto paired = co_await pair(context_, name ? *name : *ids::DeviceName::parse("CM Device"), limits_.pair);
    if (!paired) co_return paired;
  }
  Backoff backoff(limits_.first_pause, limits_.longest_pause);
  while (!stopped_) {
    auto direct = co_await open_direct_link(context_, kSignallingAlpn, limits_.dial);
    if (stopped_) break;
    if (direct) {
      const auto began = std::chrono::steady_clock::now();
      auto ended = co_await use(std::move(*direct));
      if (stopped_) break;
      if (!ended) context_.log.error(ended.error());
      context_.log.event(Code::direct_link_ended);
      // A link that held for a while was a good one; one that is ended at once is not tried again at once.
      if (std::chrono::steady_clock::now() - began > limits_.longest_pause) backoff.reset();
    } else {
      const auto code = direct.error().code;
      if (code != Code::direct_link_refused && code != Code::server_unreachable) co_return std::move(direct).error();
      context_.log.error(direct.error());
    }
    const auto pause = backoff.next(context_.random);
    context_.log.event(Code::device_pause, {{"milliseconds", pause.count()}});
    co_await wait(pause);
  }
  co_return Result<void>{};
}

// Until the link ends.
Task<Result<void>> DeviceRunner::use(DirectLink direct) {
  const auto outbox = std::make_shared<pngw::Outbox>(direct.link);
  outbox_ = outbox;
  runtime::MessageLink messages(direct.link);
  LinkSession session(assign::Role::CmDevice, direct.server_id, direct.cm_device_id, direct.run);
  auto result = session.start();
  bool ready = false;
  Result<void> ended;
  while (true) {
    for (auto& action : result.actions) {
      if (auto* send = std::get_if<LinkSession::Send>(&action)) {
        outbox->send(ByteView(send->message));
      } else if (auto* save = std::get_if<LinkSession::SaveAlias>(&action)) {
        auto saved = save_alias(context_.store, direct.cm_device_id, std::move(save->identity_alias));
        if (!saved) context_.log.error(saved.error(), {{"run", direct.run}});
        if (saved) context_.log.event(Code::identity_alias_stored, {{"run", direct.run}});
      } else if (auto* done = std::get_if<assign::StepDone>(&action)) {
        context_.log.event(Code::step_done,
                           {{"run", direct.run}, {"step", assign::number(done->step)}, {"party", "device"}});
      }
    }
    if (result.refusal) {
      ended = std::move(*result.refusal);
      break;
    }
    if (session.open() && !std::exchange(ready, true)) {
      context_.log.event(Code::direct_link_ready, {{"run", direct.run}, {"cm_device_id", direct.cm_device_id}});
      context_.tell("Direct link to " + direct.server_id.text() + " is open (step 16).");
      asio::co_spawn(executor_, keep_alive(outbox, direct.run), asio::detached);
    }
    const std::optional<std::chrono::milliseconds> limit = ready ? limits_.ping_after * 2 : limits_.hello;
    auto raw = co_await messages.receive(limit);
    if (!raw) {
      ended = std::move(raw).error();
      break;
    }
    if (raw->empty()) break;
    auto message = assign::parse(raw->view());
    if (!message) {
      outbox->send(assign::alert(direct.run));
      ended = std::move(message).error();
      break;
    }
    result = session.on_message(*message);
  }
  outbox_.reset();
  ping_timer_.cancel();
  outbox->finish();
  co_return ended;
}

// A silent link may be a dead one: the Server's answer to a Ping shows that it is not.
Task<void> DeviceRunner::keep_alive(std::shared_ptr<pngw::Outbox> outbox, ids::CorrelationId run) {
  boost::system::error_code cancelled;
  while (outbox_ == outbox) {
    ping_timer_.expires_after(limits_.ping_after);
    co_await ping_timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (cancelled || outbox_ != outbox) break;
    outbox->send(assign::encode_public(run, assign::Ping{{}}));
  }
}

}  // namespace cpns::device
