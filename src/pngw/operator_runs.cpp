#include "pngw/operator_runs.hpp"

#include <algorithm>

#include "core/assign/session.hpp"

namespace cpns::pngw {

namespace asio = runtime::asio;

OperatorRuns::OperatorRuns(asio::any_io_executor executor, runtime::Log& log)
    : executor_(std::move(executor)),
      log_(log),
      changed_(std::make_shared<asio::steady_timer>(executor_, asio::steady_timer::time_point::max())) {}

void OperatorRuns::came_up() {
  if (std::exchange(up_, true)) return;
  changed_->cancel();
  tell([](Run& run) { run.on_operator_link_restored(); });
}

void OperatorRuns::went_down() {
  if (!std::exchange(up_, false) || stopped_) return;
  tell([](Run& run) { run.on_operator_link_lost(); });
}

void OperatorRuns::stop() {
  stopped_ = true;
  up_ = false;
  changed_->cancel();
}

runtime::Task<void> OperatorRuns::wait_until_up(std::shared_ptr<OperatorRuns> self, Milliseconds limit) {
  asio::steady_timer end(self->executor_, limit);
  const auto changed = self->changed_;
  end.async_wait([changed](const boost::system::error_code& cancelled) {
    if (!cancelled) changed->cancel();
  });
  boost::system::error_code ignored;
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!self->up_ && !self->stopped_ && std::chrono::steady_clock::now() < until) {
    co_await changed->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

bool OperatorRuns::attach(const ids::CorrelationId& id, std::weak_ptr<Run> run) {
  const auto [at, fresh] = runs_.try_emplace(id, run);
  if (fresh) return true;
  if (!at->second.expired()) return false;
  at->second = std::move(run);
  return true;
}

Result<std::optional<Bytes>> OperatorRuns::take(ByteView raw) {
  const std::optional<Bytes> nothing;
  CPNS_TRY(auto message, assign::parse(raw));
  const auto id = message.correlation_id;
  if (const auto* ping = std::get_if<assign::Ping>(&message.body)) {
    return std::optional(assign::encode_public(id, assign::Pong{ping->payload}));
  }
  if (std::holds_alternative<assign::Pong>(message.body)) return nothing;
  if (const auto* invite = std::get_if<assign::ActivationInvite>(&message.body)) {
    log_.event(Code::activation_invited, {{"run", id}, {"device_name", invite->device_name.text()}});
    return nothing;
  }
  const auto found = runs_.find(id);
  const auto run = found == runs_.end() ? nullptr : found->second.lock();
  if (!run) {
    // Ordinary after a run has died here: the Server's answer was still on its way.
    log_.event(Code::operator_message_for_no_run, {{"run", id}, {"message", assign::message_name(message.body)}});
    // The Server need not keep what nobody goes on with until its time is over [S6]. An Alert is never answered.
    return assign::is_alert(message) ? nothing : std::optional(assign::alert(id));
  }
  run->on_server_message(std::move(message), raw);
  return nothing;
}

std::chrono::milliseconds Pauses::next() {
  pause_ = pause_.count() == 0 ? first_ : std::min(pause_ * 2, longest_);
  const auto bytes = random_.bytes<2>();
  const auto share = (static_cast<unsigned>(bytes[0]) << 8U) | bytes[1];
  return pause_ / 2 + pause_ / 2 * static_cast<std::chrono::milliseconds::rep>(share) / 0xffff;
}

}  // namespace cpns::pngw
