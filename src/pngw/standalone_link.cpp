#include "pngw/standalone_link.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "pngw/operator_runs.hpp"
#include "pngw/outbox.hpp"

namespace cpns::pngw {
namespace {

namespace asio = runtime::asio;
using runtime::Task;

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

struct StandaloneLink::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::any_io_executor loop, std::shared_ptr<tls::EngineFactory> makes, Settings given, crypto::Random& source,
       runtime::Log& writes)
      : executor(std::move(loop)),
        engines(std::move(makes)),
        settings(std::move(given)),
        log(writes),
        pauses(settings.first_pause, settings.longest_pause, source),
        pause_timer(executor),
        runs(std::make_shared<OperatorRuns>(executor, writes)) {}

  [[nodiscard]] Task<Result<std::shared_ptr<runtime::SecureLink>>> open();
  [[nodiscard]] Task<void> use(std::shared_ptr<runtime::SecureLink> link);
  [[nodiscard]] static Task<void> keep_open(std::shared_ptr<Impl> self);
  void take(const secret::SecretBuffer& raw);

  asio::any_io_executor executor;
  std::shared_ptr<tls::EngineFactory> engines;
  Settings settings;
  runtime::Log& log;
  Pauses pauses;
  asio::steady_timer pause_timer;
  std::shared_ptr<OperatorRuns> runs;
  std::shared_ptr<Outbox> outbox;  // while the link is up
  std::shared_ptr<runtime::SecureLink> opening;
  bool stopped = false;
};

Task<Result<std::shared_ptr<runtime::SecureLink>>> StandaloneLink::Impl::open() {
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

Task<void> StandaloneLink::Impl::keep_open(std::shared_ptr<Impl> self) {
  while (!self->stopped) {
    auto link = co_await self->open();
    if (self->stopped) break;
    if (link) {
      self->log.event(Code::operator_link_up, {{"server", self->settings.server.text()}});
      self->pauses.reset();
      co_await self->use(std::move(*link));
      if (self->stopped) break;
    } else {
      self->log.error(link.error(), {{"server", self->settings.server.text()}});
    }
    const auto wait = self->pauses.next();
    self->log.event(Code::operator_link_pause, {{"milliseconds", wait.count()}});
    self->pause_timer.expires_after(wait);
    boost::system::error_code ignored;
    co_await self->pause_timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

// Until the link is lost.
Task<void> StandaloneLink::Impl::use(std::shared_ptr<runtime::SecureLink> link) {
  outbox = std::make_shared<Outbox>(link);
  runs->came_up();
  runtime::MessageLink messages(link);
  Error cause{Code::connection_lost, "closed by the Server"};
  while (!stopped) {
    auto raw = co_await messages.receive();
    if (!raw) {
      cause = std::move(raw).error();
      break;
    }
    if (raw->empty()) break;
    take(*raw);
  }
  const auto box = std::exchange(outbox, nullptr);
  if (box) box->finish();
  if (stopped) co_return;
  log.error(cause, {{"server", settings.server.text()}});
  log.event(Code::operator_link_down, {{"server", settings.server.text()}});
  runs->went_down();
}

void StandaloneLink::Impl::take(const secret::SecretBuffer& raw) {
  const auto answer = runs->take(raw.view());
  if (!answer) {
    log.error(answer.error(), {{"link", "operator"}});
    outbox->send(assign::encode_public(kNoRun, assign::Alert{}));
    outbox->finish();
  } else if (*answer && outbox) {
    outbox->send(**answer);
  }
}

StandaloneLink::StandaloneLink(asio::any_io_executor executor, std::shared_ptr<tls::EngineFactory> engines,
                               Settings settings, crypto::Random& random, runtime::Log& log)
    : StandaloneLink(
          std::make_shared<Impl>(std::move(executor), std::move(engines), std::move(settings), random, log)) {}

StandaloneLink::StandaloneLink(std::shared_ptr<Impl> impl) : RunsLink(impl->runs), impl_(std::move(impl)) {}

StandaloneLink::~StandaloneLink() {
  impl_->runs->clear();
  stop();
}

void StandaloneLink::start() { asio::co_spawn(impl_->executor, Impl::keep_open(impl_), runtime::unattended); }

void StandaloneLink::stop() {
  impl_->stopped = true;
  impl_->pause_timer.cancel();
  impl_->runs->stop();
  if (impl_->opening) impl_->opening->abort();
  if (impl_->outbox) impl_->outbox->finish();
}

void StandaloneLink::suspect() {
  if (impl_->outbox) impl_->outbox->abort();
}

void StandaloneLink::send(ByteView message) {
  if (impl_->outbox) impl_->outbox->send(message);
}

}  // namespace cpns::pngw
