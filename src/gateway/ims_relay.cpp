#include "gateway/ims_relay.hpp"

#include <algorithm>

#include "core/assign/key_schedule.hpp"
#include "core/crypto/crypto.hpp"
#include "pngw/operator_relay.hpp"
#include "runtime/clock.hpp"

namespace cpns::gateway {
namespace {

namespace asio = runtime::asio;
using runtime::Task;

/// Where so much of a token's life is left the next one is asked for while anything is carried: the Server closes what
/// has no token.
constexpr std::chrono::seconds kRenewBefore{120};
constexpr std::chrono::seconds kLook{15};

/// Waits for the answer to one BearerRequest.
struct Asker final : pngw::OperatorLink::Run {
  explicit Asker(const asio::any_io_executor& executor) : came(executor) {}
  void on_server_message(assign::Message message, ByteView) override {
    if (auto* grant = std::get_if<assign::BearerGrant>(&message.body)) given.emplace(std::move(*grant));
    came.cancel();
  }
  void on_operator_link_lost() override { came.cancel(); }
  void on_operator_link_restored() override {}

  asio::steady_timer came;
  std::optional<assign::BearerGrant> given;
};

struct Token {
  assign::BearerGrant grant;
  secret::TlsPsk psk;
};

}  // namespace

struct ImsRelay::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::any_io_executor loop, ImsLink& over, ids::ServerId server, ids::PnGwId own, crypto::Random& source,
       runtime::Log& writes, Limits given)
      : executor(std::move(loop)),
        link(over),
        server_id(std::move(server)),
        pn_gw_id(std::move(own)),
        random(source),
        log(writes),
        limits(given),
        renewal(executor) {}

  [[nodiscard]] Task<Result<std::shared_ptr<const Token>>> usable_token();
  [[nodiscard]] Task<Result<std::shared_ptr<const Token>>> ask();
  [[nodiscard]] Task<Result<Opened>> open(std::shared_ptr<const Token> with, stream::RelayOpen request);
  static Task<void> keep_token(std::shared_ptr<Impl> self);
  void keep(const std::shared_ptr<runtime::ByteStream>& pipe);
  [[nodiscard]] bool fresh() const { return token && token->grant.expires_at - kRenewBefore > runtime::now(); }

  asio::any_io_executor executor;
  ImsLink& link;
  ids::ServerId server_id;
  ids::PnGwId pn_gw_id;
  crypto::Random& random;
  runtime::Log& log;
  Limits limits;
  asio::steady_timer renewal;
  std::shared_ptr<const Token> token;
  std::shared_ptr<asio::steady_timer> asking;  // cancelled when whoever asks has an answer
  std::vector<std::weak_ptr<runtime::ByteStream>> pipes;
  bool keeping = false;
  bool ended = false;
};

// One asks, all others wait for its answer.
Task<Result<std::shared_ptr<const Token>>> ImsRelay::Impl::usable_token() {
  const auto self = shared_from_this();
  while (asking) {
    const auto other = asking;
    boost::system::error_code ignored;
    co_await other->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (fresh()) co_return token;
  asking = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
  auto got = co_await ask();
  std::exchange(asking, nullptr)->cancel();
  co_return got;
}

Task<Result<std::shared_ptr<const Token>>> ImsRelay::Impl::ask() {
  if (!link.up()) co_return Error{Code::relay_upstream_is_down, "no registration", "a registered user"};
  const ids::CorrelationId run(random.bytes<ids::CorrelationId::kSize>());
  const auto asker = std::make_shared<Asker>(executor);
  if (!link.attach(run, asker)) co_return Error{Code::bearer_not_given, "a run of that name", "none"};
  const auto keys = crypto::x25519_generate(random);
  asker->came.expires_after(limits.token);
  const auto request = assign::encode_public(run, assign::BearerRequest{keys.share});
  link.send(request);
  boost::system::error_code ignored;
  co_await asker->came.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  link.detach(run);
  if (!asker->given) co_return Error{Code::bearer_not_given, "no BearerGrant", "one within the time"};
  if (ended) co_return Error{Code::relay_upstream_is_down, "the registration has ended", "a registered user"};
  auto& grant = *asker->given;
  CPNS_CO_TRY(const auto x, crypto::x25519(keys.private_key, grant.server_share));
  auto psk = assign::derive_bearer_psk(x, {grant.token_id, grant.server_share, keys.share, server_id, pn_gw_id});
  token = std::make_shared<const Token>(Token{std::move(grant), std::move(psk)});
  co_return token;
}

Task<Result<pngw::RelayUpstream::Opened>> ImsRelay::Impl::open(std::shared_ptr<const Token> with,
                                                               stream::RelayOpen request) {
  const auto self = shared_from_this();
  const auto& endpoint = with->grant.endpoint;
  auto host = endpoint.host();
  auto socket = co_await runtime::connect(std::move(host), endpoint.port(), limits.connect);
  if (!socket) co_return Error{Code::relay_upstream_is_down, to_text(socket.error())};
  tls::PskOffer offer{std::string(pngw::kBearerIdentityPrefix) + with->grant.token_id.hex(),
                      with->psk.duplicate(),
                      {std::string(pngw::kBearerAlpn)}};
  CPNS_CO_TRY(auto engine, tls::make_psk_client(std::move(offer)));
  const auto secure = std::make_shared<runtime::SecureLink>(std::move(*socket), std::move(engine));
  runtime::SecureLink::KeyLookup none;
  auto shaken = co_await secure->handshake(limits.handshake, std::move(none));
  if (!shaken) {
    // The Server may have been started anew: it knows no token of before.
    if (token == with) token.reset();
    co_return Error{Code::relay_upstream_is_down, to_text(shaken.error())};
  }
  const ids::CorrelationId run(random.bytes<ids::CorrelationId::kSize>());
  auto opened = co_await pngw::ask_for_relay(secure, run, std::move(request), limits.answer);
  if (!opened) co_return std::move(opened).error();
  if (ended || !link.registered()) {
    opened->pipe->abort();
    co_return Error{Code::relay_upstream_is_down, "the registration has ended", "a registered user"};
  }
  keep(opened->pipe);
  co_return std::move(*opened);
}

void ImsRelay::Impl::keep(const std::shared_ptr<runtime::ByteStream>& pipe) {
  std::erase_if(pipes, [](const auto& one) { return one.expired(); });
  pipes.push_back(pipe);
  if (std::exchange(keeping, true)) return;
  asio::co_spawn(executor, keep_token(shared_from_this()), runtime::unattended);
}

// While anything is carried there is a token.
Task<void> ImsRelay::Impl::keep_token(std::shared_ptr<Impl> self) {
  while (!self->ended) {
    self->renewal.expires_after(kLook);
    boost::system::error_code ignored;
    co_await self->renewal.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    std::erase_if(self->pipes, [](const auto& one) { return one.expired(); });
    if (self->pipes.empty()) break;
    if (self->ended || self->fresh()) continue;
    auto next = co_await self->usable_token();
    if (!next) self->log.error(next.error(), {{"link", "bearer"}});
  }
  self->keeping = false;
}

ImsRelay::ImsRelay(asio::any_io_executor executor, ImsLink& link, ids::ServerId server_id, ids::PnGwId pn_gw_id,
                   crypto::Random& random, runtime::Log& log, Limits limits)
    : impl_(std::make_shared<Impl>(std::move(executor), link, std::move(server_id), std::move(pn_gw_id), random, log,
                                   limits)) {}

ImsRelay::~ImsRelay() {
  impl_->ended = true;
  impl_->renewal.cancel();
}

Task<Result<pngw::RelayUpstream::Opened>> ImsRelay::open(stream::RelayOpen request) {
  const auto impl = impl_;
  auto token = co_await impl->usable_token();
  if (!token) co_return std::move(token).error();
  auto with = std::move(*token);
  co_return co_await impl->open(std::move(with), std::move(request));
}

void ImsRelay::end() {
  impl_->token.reset();
  impl_->renewal.cancel();
  const auto open = std::exchange(impl_->pipes, {});
  std::size_t closed = 0;
  for (const auto& weak : open) {
    if (const auto pipe = weak.lock()) {
      pipe->abort();
      ++closed;
    }
  }
  if (closed > 0) impl_->log.event(Code::bearer_link_ended, {{"connections", closed}});
}

}  // namespace cpns::gateway
