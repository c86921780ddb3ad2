#include "modes/network_carriers.hpp"

#include "runtime/listener.hpp"

namespace cpns::test {

namespace asio = runtime::asio;
using carrier::CarriedStream;
using carrier::Carrier;
using runtime::SecureLink;
using runtime::Task;
using std::chrono::milliseconds;

namespace {

constexpr std::uint16_t kPort = 7443;
constexpr milliseconds kHandshake{5'000};
constexpr milliseconds kPatience{150'000};  // a stream waits longer than any test
constexpr std::size_t kPiece = std::size_t{64} << 10U;
const ids::CorrelationId kRun{{1}};

secret::TlsPsk fixed_psk() {
  return secret::TlsPsk::make([](std::span<std::uint8_t, 32> to) { std::fill(to.begin(), to.end(), 0x42); });
}
Task<std::optional<secret::TlsPsk>> find_key(std::string) { co_return fixed_psk(); }

Task<Result<Bytes>> read_bytes(std::shared_ptr<runtime::ByteStream> from, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t have = 0; have < size;) {
    const auto room = std::span<std::uint8_t>(bytes).subspan(have);
    CPNS_CO_TRY(const auto got, co_await from->read_some(room, kPatience));
    if (got == 0) co_return Error{Code::connection_lost};
    have += got;
  }
  co_return bytes;
}

Task<Result<void>> send_file(std::shared_ptr<runtime::ByteStream> to, std::uint64_t size, std::uint64_t* moved) {
  Bytes piece(kPiece);
  for (std::uint64_t at = 0; at < size;) {
    const auto part = std::span<std::uint8_t>(piece).first(std::min<std::uint64_t>(kPiece, size - at));
    cli::fill_file_content(at, part);
    const ByteView bytes = part;
    CPNS_CO_CHECK(co_await to->write(bytes));
    at += part.size();
    if (moved != nullptr) *moved = at;
  }
  to->finish_writing();
  co_return Result<void>{};
}

Task<Result<std::string>> digest_all(std::shared_ptr<runtime::ByteStream> from, std::uint64_t* moved) {
  cli::StreamDigest digest;
  Bytes piece(kPiece);
  while (true) {
    const auto room = std::span<std::uint8_t>(piece);
    CPNS_CO_TRY(const auto got, co_await from->read_some(room, kPatience));
    if (got == 0) co_return digest.finish();
    digest.add(ByteView(piece).first(got));
    if (moved != nullptr) *moved += got;
  }
}

}  // namespace

struct NetworkCarriers::Server {
  Server(NetworkCarriers* owner, asio::io_context& loop)
      : world(owner), factory(std::move(*tls::make_psk_server_factory({.alpn = {"cpns/1"}}))) {
    owner->server_host.inside([&] {
      auto opened = runtime::Listener::open(loop.get_executor(), "0.0.0.0", kPort);
      if (!opened) throw std::runtime_error(to_text(opened.error()));
      listener.emplace(std::move(*opened));
    });
    const auto take = [this](asio::ip::tcp::socket socket) {
      asio::co_spawn(world->loop_, serve(this, std::move(socket)), asio::detached);
    };
    asio::co_spawn(loop, listener->run("test", owner->log_, take), asio::detached);
  }

  static Task<void> serve(Server* self, asio::ip::tcp::socket socket) {
    auto engine = std::move(*self->factory->make());
    const auto secure = std::make_shared<SecureLink>(std::move(socket), std::move(engine));
    const SecureLink::KeyLookup lookup = find_key;
    if (const auto done = co_await secure->handshake(kHandshake, lookup); !done) co_return;
    const std::shared_ptr<runtime::ByteStream> link = std::make_shared<runtime::LinkStream>(secure);
    const auto head = co_await read_bytes(link, 4);
    if (!head) co_return;
    const auto message = co_await read_bytes(link, std::size_t{(*head)[2]} << 8U | (*head)[3]);
    if (!message) co_return;
    const auto frame = stream::parse_frame(*message);
    if (!frame || !std::holds_alternative<stream::SessionOpen>(*frame)) co_return;
    const std::optional<stream::SessionOpen> open = std::get<stream::SessionOpen>(*frame);
    const bool known = open->resume_token && self->sessions.contains(*open->resume_token);
    const auto session = known ? self->sessions.at(*open->resume_token) : self->make_session();
    (void)co_await session->run_link(link, ++self->links, self->world->times_, false, open, known);
    secure->abort();
  }

  std::shared_ptr<Carrier> make_session() {
    const stream::ResumeToken token{{++made}};
    Carrier::Hooks hooks;
    hooks.on_stream = [this](std::shared_ptr<CarriedStream> stream, stream::StreamTarget target) {
      asio::co_spawn(world->loop_, answer(std::move(stream), std::get<stream::ServiceTarget>(target).name),
                     asio::detached);
    };
    const auto session = std::make_shared<Carrier>(world->loop_.get_executor(), stream::Side::Server, stream::Limits{},
                                                   token, kRun, std::move(hooks), world->log_);
    sessions.emplace(token, session);
    return session;
  }

  static Task<void> tick(std::shared_ptr<CarriedStream> stream) {
    asio::steady_timer timer(stream->executor(), std::chrono::steady_clock::now());
    const Bytes bytes(8);
    const ByteView each = bytes;
    while (co_await stream->write(each)) {
      timer.expires_at(timer.expiry() + milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  // A number: so many bytes. "up": takes what comes and says its digest. "ticks": eight bytes each millisecond.
  static Task<void> answer(std::shared_ptr<CarriedStream> stream, std::string service) {
    stream->accept();
    if (service == "ticks") {
      co_await tick(std::move(stream));
      co_return;
    }
    if (service != "up") {
      (void)co_await send_file(stream, std::stoull(service), nullptr);
      co_return;
    }
    const auto digest = co_await digest_all(stream, nullptr);
    if (!digest) co_return;
    const auto text = as_bytes(*digest);
    (void)co_await stream->write(text);
    stream->finish_writing();
  }

  NetworkCarriers* world;
  std::unique_ptr<tls::EngineFactory> factory;
  std::optional<runtime::Listener> listener;
  std::map<stream::ResumeToken, std::shared_ptr<Carrier>> sessions;
  stream::LinkNumber links = 0;
  std::uint8_t made = 0;
};

NetworkCarriers::NetworkCarriers() : log_(runtime::LogOptions{.program = "test", .level = Level::Error, .file = {}}) {
  times_.busy_ping = milliseconds(300);
  paths_[Path::First].server = "10.77.2.1";
  paths_[Path::Second].server = "10.77.1.1";
  device_ = std::make_shared<Carrier>(loop_.get_executor(), stream::Side::Device, stream::Limits{}, std::nullopt, kRun,
                                      Carrier::Hooks{}, log_);
  server_ = std::make_unique<Server>(this, loop_);
}

NetworkCarriers::~NetworkCarriers() {
  for (auto& [path, kept] : paths_) kept.wanted = false;
  server_->listener->stop();
  device_->abort();
  forget_sessions();
  loop_.restart();
  loop_.run_for(milliseconds(300));
}

void NetworkCarriers::forget_sessions() {
  for (auto& [token, session] : server_->sessions) session->abort();
  server_->sessions.clear();
}

void NetworkCarriers::lose(Path path) { device_->abort_link(paths_[path].number); }

void NetworkCarriers::keep(Path path) {
  paths_[path].wanted = true;
  asio::co_spawn(loop_, keep_link(this, path), asio::detached);
}

void NetworkCarriers::prefer(Path path) {
  preferred_ = path;
  if (is_up(path)) device_->prefer(paths_[path].number);
}

bool NetworkCarriers::until(const std::function<bool()>& done, Milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done() && std::chrono::steady_clock::now() < end) loop_.run_one_for(milliseconds(20));
  return done();
}

Task<void> NetworkCarriers::keep_link(NetworkCarriers* self, Path path) {
  while (self->paths_[path].wanted) {
    const auto ended = co_await one_link(self, path);
    if (std::exchange(self->paths_[path].number, 0) != 0 && !ended) {
      ++self->links_lost;
      self->lost_at = std::chrono::steady_clock::now();
    }
    // The other one carries meanwhile, where there is one.
    for (const auto& [other, kept] : self->paths_) {
      if (kept.number != 0) self->device_->prefer(kept.number);
    }
    asio::steady_timer pause(self->loop_, milliseconds(50));
    co_await pause.async_wait(asio::use_awaitable);
  }
}

Task<Result<void>> NetworkCarriers::one_link(NetworkCarriers* self, Path path) {
  asio::ip::tcp::socket socket(self->loop_);
  self->device_host.inside([&] { socket.open(asio::ip::tcp::v4()); });
  socket.set_option(asio::ip::tcp::no_delay(true));
  const asio::ip::tcp::endpoint to(asio::ip::make_address(self->paths_[path].server), kPort);
  // A path that is silent answers no SYN: the timer closes the socket.
  asio::steady_timer timer(self->loop_, milliseconds(2'000));
  timer.async_wait([&](boost::system::error_code cancelled) {
    if (!cancelled) socket.close();
  });
  boost::system::error_code failed;
  co_await socket.async_connect(to, asio::redirect_error(asio::use_awaitable, failed));
  timer.cancel();
  if (failed || !socket.is_open()) co_return Error{Code::connection_lost, failed.message()};
  auto engine = std::move(*tls::make_psk_client({"test", fixed_psk(), {"cpns/1"}}));
  const auto secure = std::make_shared<SecureLink>(std::move(socket), std::move(engine));
  const SecureLink::KeyLookup none;
  CPNS_CO_CHECK(co_await secure->handshake(kHandshake, none));
  const auto number = ++self->last_number_;
  ++self->links_opened;
  self->paths_[path].number = number;
  const std::shared_ptr<runtime::ByteStream> link = std::make_shared<runtime::LinkStream>(secure);
  const bool alone = self->device_->links() == 0;
  const bool preferred = alone || self->preferred_ == path;
  auto ended = co_await self->device_->run_link(link, number, self->times_, preferred);
  secure->abort();
  co_return ended;
}

std::shared_ptr<NetworkCarriers::Transfer> NetworkCarriers::download(std::uint64_t size) {
  const auto transfer = std::make_shared<Transfer>(Transfer{size});
  asio::co_spawn(loop_, run_download(this, transfer), asio::detached);
  return transfer;
}

std::shared_ptr<NetworkCarriers::Transfer> NetworkCarriers::upload(std::uint64_t size) {
  const auto transfer = std::make_shared<Transfer>(Transfer{size});
  asio::co_spawn(loop_, run_upload(this, transfer), asio::detached);
  return transfer;
}

std::shared_ptr<NetworkCarriers::Ticks> NetworkCarriers::ticks() {
  const auto made = std::make_shared<Ticks>();
  asio::co_spawn(loop_, run_ticks(this, made), asio::detached);
  return made;
}

Task<void> NetworkCarriers::run_ticks(NetworkCarriers* self, std::shared_ptr<Ticks> ticks) {
  const stream::StreamTarget target = stream::ServiceTarget{"ticks", stream::ServiceTarget::Protocol::Raw};
  auto opened = self->device_->open(target);
  if (!opened) co_return;
  const std::shared_ptr<runtime::ByteStream> from = *opened;
  while (co_await read_bytes(from, 8)) ticks->arrivals.push_back(std::chrono::steady_clock::now());
}

Task<void> NetworkCarriers::run_download(NetworkCarriers* self, std::shared_ptr<Transfer> transfer) {
  const stream::StreamTarget target =
      stream::ServiceTarget{std::to_string(transfer->size), stream::ServiceTarget::Protocol::Raw};
  auto opened = self->device_->open(target);
  if (!opened) {
    transfer->failed = opened.error();
    co_return;
  }
  (*opened)->finish_writing();
  auto digest = co_await digest_all(*opened, &transfer->moved);
  if (digest) {
    transfer->sha256 = std::move(*digest);
  } else {
    transfer->failed = digest.error();
  }
}

Task<void> NetworkCarriers::run_upload(NetworkCarriers* self, std::shared_ptr<Transfer> transfer) {
  const stream::StreamTarget target = stream::ServiceTarget{"up", stream::ServiceTarget::Protocol::Raw};
  auto opened = self->device_->open(target);
  if (!opened) {
    transfer->failed = opened.error();
    co_return;
  }
  if (auto sent = co_await send_file(*opened, transfer->size, &transfer->moved); !sent) {
    transfer->failed = sent.error();
    co_return;
  }
  auto said = co_await read_bytes(*opened, 64);
  if (said) {
    transfer->sha256 = as_text(*said);
  } else {
    transfer->failed = said.error();
  }
}

}  // namespace cpns::test
