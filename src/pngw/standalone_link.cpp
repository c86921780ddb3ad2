#include "pngw/operator_link.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace cpns::pngw {
namespace {

namespace asio = runtime::asio;
using runtime::Task;
using Milliseconds = OperatorLink::Milliseconds;

const ids::CorrelationId kNoRun(std::array<std::uint8_t, ids::CorrelationId::kSize>{});

// An idle link whose other end is gone without a word is noticed within two minutes, by the kernel.
void notice_dead_peer(asio::ip::tcp::socket& socket) {
  const auto set = [&](int option, int value) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, 60);
  set(TCP_KEEPINTVL, 15);
  set(TCP_KEEPCNT, 4);
}

}  // namespace

struct OperatorLink::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::any_io_executor loop, std::shared_ptr<tls::EngineFactory> makes, Settings given, crypto::Random& source,
       runtime::Log& writes)
      : executor(std::move(loop)),
        engines(std::move(makes)),
        settings(std::move(given)),
        random(source),
        log(writes),
        pause_timer(executor),
        came_up(std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max())) {}

  [[nodiscard]] Task<Result<std::shared_ptr<runtime::SecureLink>>> open();
  [[nodiscard]] Task<void> use(std::shared_ptr<runtime::SecureLink> link);
  [[nodiscard]] static Task<void> keep_open(std::shared_ptr<Impl> self);
  void take(secret::SecretBuffer raw);
  Milliseconds next_pause();

  template <class Tell>
  void tell_runs(Tell tell) {
    const auto told = runs;  // a run that is told may detach itself
    for (const auto& [id, weak] : told) {
      if (const auto run = weak.lock(); run && runs.contains(id)) tell(*run);
    }
  }

  asio::any_io_executor executor;
  std::shared_ptr<tls::EngineFactory> engines;
  Settings settings;
  crypto::Random& random;
  runtime::Log& log;
  asio::steady_timer pause_timer;
  std::shared_ptr<asio::steady_timer> came_up;  // never expires; cancelled when the link is up
  std::map<ids::CorrelationId, std::weak_ptr<Run>> runs;
  std::shared_ptr<Outbox> outbox;  // while the link is up
  std::shared_ptr<runtime::SecureLink> opening;
  Milliseconds pause{0};
  bool stopped = false;
};

Task<Result<std::shared_ptr<runtime::SecureLink>>> OperatorLink::Impl::open() {
  auto socket = co_await runtime::connect(settings.server.host(), settings.server.port(), settings.connect_limit);
  if (!socket) co_return std::move(socket).error();
  notice_dead_peer(*socket);
  CPNS_CO_TRY(auto engine, engines->make());
  auto link = std::make_shared<runtime::SecureLink>(std::move(*socket), std::move(engine));
  opening = link;
  runtime::SecureLink::KeyLookup none;
  auto shaken = co_await link->handshake(settings.handshake_limit, std::move(none));
  opening.reset();
  if (!shaken) co_return std::move(shaken).error();
  co_return link;
}

// A pause between half of the time and all of it.
Milliseconds OperatorLink::Impl::next_pause() {
  pause = pause.count() == 0 ? settings.first_pause : std::min(pause * 2, settings.longest_pause);
  const auto bytes = random.bytes<2>();
  const auto share = (static_cast<unsigned>(bytes[0]) << 8U) | bytes[1];
  return pause / 2 + pause / 2 * static_cast<Milliseconds::rep>(share) / 0xffff;
}

Task<void> OperatorLink::Impl::keep_open(std::shared_ptr<Impl> self) {
  while (!self->stopped) {
    auto link = co_await self->open();
    if (self->stopped) break;
    if (link) {
      self->log.event(Code::operator_link_up, {{"server", self->settings.server.text()}});
      self->pause = {};
      co_await self->use(std::move(*link));
      if (self->stopped) break;
    } else {
      self->log.error(link.error(), {{"server", self->settings.server.text()}});
    }
    const auto wait = self->next_pause();
    self->log.event(Code::operator_link_pause, {{"milliseconds", wait.count()}});
    self->pause_timer.expires_after(wait);
    boost::system::error_code ignored;
    co_await self->pause_timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

// Until the link is lost.
Task<void> OperatorLink::Impl::use(std::shared_ptr<runtime::SecureLink> link) {
  outbox = std::make_shared<Outbox>(link);
  came_up->cancel();
  tell_runs([](Run& run) { run.on_operator_link_restored(); });
  runtime::MessageLink messages(link);
  Error cause{Code::connection_lost, "closed by the Server"};
  while (!stopped) {
    auto raw = co_await messages.receive();
    if (!raw) {
      cause = std::move(raw).error();
      break;
    }
    if (raw->empty()) break;
    take(std::move(*raw));
  }
  const auto box = std::exchange(outbox, nullptr);
  if (box) box->finish();
  if (stopped) co_return;
  log.error(cause, {{"server", settings.server.text()}});
  log.event(Code::operator_link_down, {{"server", settings.server.text()}});
  tell_runs([](Run& run) { run.on_operator_link_lost(); });
}

void OperatorLink::Impl::take(secret::SecretBuffer raw) {
  auto message = assign::parse(raw.view());
  if (!message) {
    log.error(message.error(), {{"link", "operator"}});
    outbox->send(assign::encode_public(kNoRun, assign::Alert{}));
    outbox->finish();
    return;
  }
  const auto id = message->correlation_id;
  if (const auto* ping = std::get_if<assign::Ping>(&message->body)) {
    outbox->send(assign::encode_public(id, assign::Pong{ping->payload}));
    return;
  }
  if (std::holds_alternative<assign::Pong>(message->body)) return;
  if (const auto* invite = std::get_if<assign::ActivationInvite>(&message->body)) {
    log.event(Code::activation_invited, {{"run", id}, {"device_name", invite->device_name.text()}});
    return;
  }
  const auto found = runs.find(id);
  const auto run = found == runs.end() ? nullptr : found->second.lock();
  if (!run) {
    // Ordinary after a run has died here: the Server's answer was still on its way.
    log.event(Code::operator_message_for_no_run, {{"run", id}, {"message", assign::message_name(message->body)}});
    return;
  }
  run->on_server_message(std::move(*message), raw.view());
}

OperatorLink::OperatorLink(asio::any_io_executor executor, std::shared_ptr<tls::EngineFactory> engines,
                           Settings settings, crypto::Random& random, runtime::Log& log)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(engines), std::move(settings), random, log)) {}

OperatorLink::~OperatorLink() {
  impl_->runs.clear();
  stop();
}

void OperatorLink::start() { asio::co_spawn(impl_->executor, Impl::keep_open(impl_), runtime::unattended); }

void OperatorLink::stop() {
  impl_->stopped = true;
  impl_->pause_timer.cancel();
  impl_->came_up->cancel();
  if (impl_->opening) impl_->opening->abort();
  if (impl_->outbox) impl_->outbox->finish();
}

bool OperatorLink::up() const noexcept { return impl_->outbox != nullptr; }

Task<void> OperatorLink::wait_until_up(Milliseconds limit) {
  const auto impl = impl_;
  asio::steady_timer end(impl->executor, limit);
  const auto came_up = impl->came_up;
  end.async_wait([came_up](const boost::system::error_code& cancelled) {
    if (!cancelled) came_up->cancel();
  });
  boost::system::error_code ignored;
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!impl->outbox && !impl->stopped && std::chrono::steady_clock::now() < until) {
    co_await came_up->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

bool OperatorLink::attach(const ids::CorrelationId& id, std::weak_ptr<Run> run) {
  const auto [at, fresh] = impl_->runs.try_emplace(id, run);
  if (fresh) return true;
  if (!at->second.expired()) return false;
  at->second = std::move(run);
  return true;
}

void OperatorLink::detach(const ids::CorrelationId& id) { impl_->runs.erase(id); }

void OperatorLink::suspect() {
  if (impl_->outbox) impl_->outbox->abort();
}

void OperatorLink::send(ByteView message) {
  if (impl_->outbox) impl_->outbox->send(message);
}

}  // namespace cpns::pngw
