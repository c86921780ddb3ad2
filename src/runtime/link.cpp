#include "runtime/link.hpp"

#include <array>

#include "runtime/byte_stream.hpp"
#include "runtime/deadline.hpp"
#include "runtime/wake_up.hpp"

namespace cpns::runtime {
namespace {

constexpr std::size_t kReadSize = std::size_t{16} * 1024;
// Two records in one system call; also the most plaintext that stands encrypted in memory per link.
constexpr std::size_t kWriteSize = std::size_t{32} * 1024;
constexpr std::chrono::seconds kWriteLimit{30};
constexpr std::chrono::seconds kLingerLimit{1};

// Ciphertext between engine and transport, used between two suspensions only: one per thread instead of one per link.
std::span<std::uint8_t> scratch() {
  thread_local std::array<std::uint8_t, kWriteSize + 1024> bytes;
  return bytes;
}

Task<void> linger_on(std::shared_ptr<Transport> transport) {
  const Transport::Milliseconds limit = kLingerLimit;
  co_await transport->linger(limit);
}

}  // namespace

struct SecureLink::Impl {
  Impl(std::unique_ptr<Transport> carrier, std::unique_ptr<tls::Engine> machine)
      : executor(carrier->executor()),
        transport(std::move(carrier)),
        engine(std::move(machine)),
        remote(transport->remote()) {}

  [[nodiscard]] bool is_open() const { return transport->is_open() && !gone; }
  // For Deadline: closes whatever is under way.
  [[nodiscard]] Deadline deadline(Milliseconds limit) {
    return Deadline(executor, limit, [kept = transport] { kept->close(); });
  }

  // Takes output of the engine into `unsent`; false where there is none.
  bool collect() {
    if (!unsent.empty()) return true;
    const auto to = scratch();
    const auto size = engine->take_output(to);
    unsent.assign(to.begin(), to.begin() + static_cast<std::ptrdiff_t>(size));
    return size > 0;
  }

  Task<Result<void>> flush(Milliseconds limit);
  Task<Result<void>> receive();
  Task<Result<std::size_t>> read(std::span<std::uint8_t> out);
  Task<void> say_why();

  asio::any_io_executor executor;
  std::shared_ptr<Transport> transport;
  std::unique_ptr<tls::Engine> engine;
  std::string remote;
  Bytes incoming;            // ciphertext of the peer, where the thread's scratch does not do
  Bytes unsent;              // ciphertext that the transport has not taken yet
  bool gone = false;         // only the last second of the transport is left, and that is not this link's any more
  bool half_closed = false;  // close_notify is sent, reading goes on
  bool flushing = false;
  bool reading = false;
  WakeUp flushed;     // for those who wait for `flushing` to end
  WakeUp read_ended;  // likewise for `reading`
};

// Sends what the engine has for the peer. One at a time: a second one waits for the first.
Task<Result<void>> SecureLink::Impl::flush(Milliseconds limit) {
  while (flushing) co_await flushed.wait(executor);
  flushing = true;
  Result<void> result;
  while (result && collect()) {
    const auto bytes = ByteView(unsent);
    result = co_await transport->write(bytes, limit);
    unsent.clear();
  }
  flushing = false;
  flushed.wake();
  co_return result;
}

// Waits for bytes of the peer and feeds them to the engine.
Task<Result<void>> SecureLink::Impl::receive() {
  // Where bytes may come while this link sleeps, the thread's scratch would be another link's by then.
  if (!transport->reads_at_once()) incoming.resize(kReadSize);
  const auto room = incoming.empty() ? scratch().first(kReadSize) : std::span<std::uint8_t>(incoming);
  const auto got = co_await transport->read_some(room);
  if (!got) co_return got.error();
  co_return engine->feed(room.first(*got));
}

// Where the engine has failed: sends its alert and closes. The transport's last second is not the caller's to wait for.
Task<void> SecureLink::Impl::say_why() {
  if (engine->state() != tls::EngineState::Failed || !is_open()) co_return;
  const Milliseconds limit = kLingerLimit;
  const auto sent = co_await flush(limit);
  if (!sent) co_return;
  gone = true;
  asio::co_spawn(executor, linger_on(transport), runtime::unattended);
}

Task<Result<std::size_t>> SecureLink::Impl::read(std::span<std::uint8_t> out) {
  while (true) {
    auto got = engine->read(out);
    if (!got) {
      co_await say_why();
      co_return got;
    }
    if (*got > 0) co_return *got;
    if (!flushing && collect()) {  // an answer to a KeyUpdate, or what was put
      auto sent = co_await flush(kWriteLimit);
      if (!sent) co_return std::move(sent).error();
    }
    if (engine->peer_closed()) co_return std::size_t{0};
    if (engine->state() == tls::EngineState::Closed && !half_closed) co_return std::size_t{0};
    auto received = co_await receive();
    if (!received) {
      co_await say_why();
      co_return std::move(received).error();
    }
  }
}

Task<void> SecureLink::flush_kept(std::shared_ptr<Impl> impl) { (void)co_await impl->flush(kWriteLimit); }

SecureLink::SecureLink(asio::ip::tcp::socket socket, std::unique_ptr<tls::Engine> engine)
    : SecureLink(over_tcp(std::move(socket)), std::move(engine)) {}
SecureLink::SecureLink(std::unique_ptr<Transport> transport, std::unique_ptr<tls::Engine> engine)
    : impl_(std::make_shared<Impl>(std::move(transport), std::move(engine))) {}
SecureLink::~SecureLink() = default;

Task<Result<void>> SecureLink::handshake(Milliseconds limit, KeyLookup lookup, Exchange exchange) {
  auto& engine = *impl_->engine;
  auto deadline = impl_->deadline(limit);
  const auto timed_out = [&limit] {
    return Error{Code::handshake_timed_out, "no complete handshake within " + std::to_string(limit.count()) + " ms"};
  };
  auto result = engine.start();
  while (result) {
    result = co_await impl_->flush(limit);
    if (!result || engine.state() == tls::EngineState::Open) break;
    if (engine.state() == tls::EngineState::WaitingForKey) {
      std::optional<secret::TlsPsk> psk;
      if (lookup) {
        auto looking_up = lookup(engine.key_request());
        psk = co_await std::move(looking_up);
      }
      if (deadline.passed()) co_return timed_out();
      result = engine.provide_key(std::move(psk));
    } else if (engine.state() == tls::EngineState::WaitingForExchange) {
      if (!exchange)
        co_return Error{Code::tls_misused, "an engine that waits for an exchange", "somebody who makes it"};
      auto exchanging = exchange(engine.exchange_request());
      auto exchanged = co_await std::move(exchanging);
      if (deadline.passed()) co_return timed_out();
      result = engine.provide_exchange(std::move(exchanged));
    } else {
      result = co_await impl_->receive();
    }
  }
  if (deadline.passed()) co_return timed_out();
  if (!result) co_await impl_->say_why();
  co_return result;
}

Task<Result<std::size_t>> SecureLink::read_some(std::span<std::uint8_t> out) {
  impl_->reading = true;
  auto result = co_await impl_->read(out);
  impl_->reading = false;
  impl_->read_ended.wake();
  co_return result;
}

Task<Result<std::size_t>> SecureLink::read_some(std::span<std::uint8_t> out, Milliseconds limit) {
  auto deadline = impl_->deadline(limit);
  auto result = co_await read_some(out);
  if (!result && deadline.passed()) {
    co_return Error{Code::peer_too_slow, "nothing came for " + std::to_string(limit.count()) + " ms"};
  }
  co_return result;
}

Task<Result<void>> SecureLink::write(ByteView plaintext) {
  while (!plaintext.empty()) {
    const auto piece = plaintext.first(std::min(plaintext.size(), kWriteSize));
    if (!impl_->is_open()) co_return Error{Code::connection_lost, "a write after the connection's end"};
    auto taken = impl_->engine->write(piece);
    if (!taken) {
      co_await impl_->say_why();
      co_return taken;
    }
    auto sent = co_await impl_->flush(kWriteLimit);
    if (!sent) co_return sent;
    plaintext = plaintext.subspan(piece.size());
  }
  co_return Result<void>{};
}

Result<void> SecureLink::put(ByteView plaintext) {
  if (!impl_->is_open()) return Error{Code::connection_lost, "a write after the connection's end"};
  return impl_->engine->write(plaintext);
}

void SecureLink::flush_soon() { asio::co_spawn(impl_->executor, flush_kept(impl_), runtime::unattended); }

bool SecureLink::park(std::shared_ptr<ReadyListener> listener) {
  if (!impl_->is_open() || impl_->reading || impl_->engine->may_be_readable()) return false;
  if (!impl_->flushing && impl_->collect()) flush_soon();
  return impl_->transport->when_readable(std::move(listener));
}

void SecureLink::rest() {
  if (impl_->flushing || !impl_->unsent.empty()) return;
  Bytes().swap(impl_->unsent);
  Bytes().swap(impl_->incoming);
  impl_->engine->rest();
}

void SecureLink::finish_writing() {
  if (!impl_->is_open() || std::exchange(impl_->half_closed, true)) return;
  impl_->engine->close();
  flush_soon();  // the last that is written: whoever waits for the link's end closes it
}

Task<Result<std::shared_ptr<ByteStream>>> SecureLink::release(Milliseconds limit) {
  const auto self = impl_;
  auto deadline = self->deadline(limit);
  const auto failed = [&](Error error) {
    const bool late = deadline.passed();
    return late ? Error{Code::peer_too_slow, "no close_notify", "one within " + std::to_string(limit.count()) + " ms"}
                : std::move(error);
  };
  self->engine->close();
  auto sent = co_await self->flush(limit);
  if (!sent) co_return failed(std::move(sent).error());
  std::array<std::uint8_t, 1> unexpected{};
  while (true) {
    auto got = self->engine->read(unexpected);
    if (!got) co_return failed(std::move(got).error());
    if (*got > 0) co_return Error{Code::link_message_not_expected, "bytes", "close_notify"};
    if (self->engine->peer_closed()) break;
    auto received = co_await self->receive();
    if (!received) co_return failed(std::move(received).error());
  }
  self->gone = true;
  const auto bare = self->transport->into_stream();
  auto rest = self->engine->take_rest();
  if (rest.empty()) co_return bare;
  const std::shared_ptr<ByteStream> with_rest = std::make_shared<PrefixedStream>(std::move(rest), bare);
  co_return with_rest;
}

std::shared_ptr<SecureLink> SecureLink::move_to(const asio::any_io_executor& executor) {
  if (!impl_->is_open() || impl_->flushing || impl_->reading) return nullptr;
  impl_->gone = true;
  auto moved = std::make_shared<SecureLink>(impl_->transport->move_to(executor), std::move(impl_->engine));
  moved->impl_->unsent = std::move(impl_->unsent);
  return moved;
}

Task<void> SecureLink::shutdown() {
  if (!impl_->is_open()) co_return;
  impl_->half_closed = false;
  auto deadline = impl_->deadline(kLingerLimit);
  impl_->engine->close();
  const Milliseconds limit = kLingerLimit;
  const auto sent = co_await impl_->flush(limit);
  impl_->transport->finish_writing();
  while (impl_->reading) co_await impl_->read_ended.wait(impl_->executor);
  if (!sent || !impl_->is_open()) co_return;
  impl_->gone = true;
  const auto transport = impl_->transport;
  co_await transport->linger(limit);
}

void SecureLink::abort() { impl_->transport->close(); }
tls::Engine& SecureLink::engine() noexcept { return *impl_->engine; }
std::string SecureLink::remote() const { return impl_->remote; }
asio::any_io_executor SecureLink::executor() { return impl_->executor; }

}  // namespace cpns::runtime
