#include "gateway/ims_link.hpp"

#include "pngw/operator_runs.hpp"

namespace cpns::gateway {
namespace {

namespace asio = runtime::asio;
using runtime::Task;

const ids::CorrelationId kNoRun(std::array<std::uint8_t, ids::CorrelationId::kSize>{});
constexpr std::chrono::seconds kLeaveLimit{2};

}  // namespace

struct ImsLink::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::any_io_executor loop, Settings given, crypto::Random& random, runtime::Log& writes)
      : executor(std::move(loop)),
        settings(std::move(given)),
        log(writes),
        pauses(settings.first_pause, settings.longest_pause, random),
        timer(executor),
        farewell(executor),
        runs(std::make_shared<pngw::OperatorRuns>(executor, writes)) {}

  void on_change(bool registered);
  void part();
  void on_message(ByteView body);
  void reply(ByteView message);
  void send(ByteView message);
  void fail(const Error& error);

  asio::any_io_executor executor;
  Settings settings;
  runtime::Log& log;
  pngw::Pauses pauses;
  asio::steady_timer timer;     // of a pause, while the link is down although the user is registered
  asio::steady_timer farewell;  // while the network is told
  std::shared_ptr<pngw::OperatorRuns> runs;
  std::function<void(bool)> tell;
  std::unique_ptr<ims::ImsUser> user;
  bool stopped = false;
};

void ImsLink::Impl::on_change(bool registered) {
  timer.cancel();
  if (stopped) return part();
  if (registered) {
    log.event(Code::operator_link_up, {{"server", settings.user.service}});
    runs->came_up();
  } else {
    log.event(Code::operator_link_down, {{"server", settings.user.service}});
    runs->went_down();
  }
  if (tell) tell(registered);
}

// Nothing of the user keeps the loop waiting any more. Not inside its own call.
void ImsLink::Impl::part() {
  farewell.cancel();
  asio::post(executor, [self = shared_from_this()] { self->user.reset(); });
}

void ImsLink::Impl::on_message(ByteView body) {
  pauses.reset();
  const auto answer = runs->take(body);
  if (!answer) {
    log.error(answer.error(), {{"link", "operator"}});
    reply(assign::encode_public(kNoRun, assign::Alert{}));
  } else if (*answer) {
    reply(**answer);
  }
}

// In a pause too: the Server has just shown that it is there.
void ImsLink::Impl::reply(ByteView message) {
  if (user && user->registered()) user->send(message, [](const Result<void>&) {});
}

void ImsLink::Impl::send(ByteView message) {
  if (!runs->up() || !user) return;
  user->send(message, [weak = weak_from_this()](const Result<void>& sent) {
    const auto self = weak.lock();
    if (!self || sent || self->stopped) return;
    // Never inside the call that sent it: a run that is told of a loss may be in the middle of its own step.
    asio::post(self->executor, [self, error = sent.error()] { self->fail(error); });
  });
}

// The link is down for a pause, so that runs repeat what may be lost, or end [S5].
void ImsLink::Impl::fail(const Error& error) {
  if (stopped || !runs->up()) return;
  log.error(error, {{"service", settings.user.service}});
  log.event(Code::ims_link_lost, {{"service", settings.user.service}});
  runs->went_down();
  const auto wait = pauses.next();
  log.event(Code::operator_link_pause, {{"milliseconds", wait.count()}});
  timer.expires_after(wait);
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || self->stopped || !self->user->registered()) return;
    self->runs->came_up();
  });
}

Result<std::unique_ptr<ImsLink>> ImsLink::make(asio::any_io_executor executor, ims::SipStack& stack, Settings settings,
                                               ims::Usim& usim, crypto::Random& random, runtime::Log& log) {
  auto user_settings = settings.user;
  auto impl = std::make_shared<Impl>(executor, std::move(settings), random, log);
  ims::ImsUser::Handler handler{[weak = std::weak_ptr(impl)](ByteView body) {
                                  if (const auto self = weak.lock(); self && !self->stopped) self->on_message(body);
                                },
                                [weak = std::weak_ptr(impl)](bool registered) {
                                  if (const auto self = weak.lock()) self->on_change(registered);
                                }};
  CPNS_TRY(impl->user, ims::ImsUser::make(std::move(executor), stack, std::move(user_settings), usim, random, log,
                                          std::move(handler)));
  return std::unique_ptr<ImsLink>(new ImsLink(std::move(impl)));
}

ImsLink::ImsLink(std::shared_ptr<Impl> impl) : RunsLink(impl->runs), impl_(std::move(impl)) {}

ImsLink::~ImsLink() {
  impl_->stopped = true;
  impl_->runs->clear();
  impl_->runs->stop();
}

void ImsLink::on_registered(std::function<void(bool registered)> tell) { impl_->tell = std::move(tell); }

bool ImsLink::registered() const noexcept { return impl_->user && impl_->user->registered(); }

void ImsLink::start() { impl_->user->start(); }

void ImsLink::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->timer.cancel();
  impl_->runs->stop();
  if (!impl_->user->registered()) return impl_->part();
  impl_->farewell.expires_after(kLeaveLimit);
  impl_->farewell.async_wait([impl = impl_](const boost::system::error_code& answered) {
    if (!answered) impl->part();
  });
  impl_->user->leave();
}

void ImsLink::send(ByteView message) { impl_->send(message); }

void ImsLink::suspect() {
  // Inside a run's own step, as above.
  asio::post(impl_->executor, [impl = impl_] { impl->fail(Error{Code::sip_not_sent, "no answer of the Server"}); });
}

}  // namespace cpns::gateway
