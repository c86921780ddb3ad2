#include "runtime/link.hpp"

#include <array>

#include "runtime/byte_stream.hpp"
#include "runtime/link_impl.hpp"

namespace cpns::runtime {

Task<void> SecureLink::flush_kept(std::shared_ptr<Impl> impl) { (void)co_await impl->flush(kLinkWriteLimit); }

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
    if (!impl_->flush_at_once()) result = co_await impl_->flush(limit);
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

std::size_t SecureLink::read_at_once(std::span<std::uint8_t> out) {
  if (impl_->reading) return 0;
  const auto got = impl_->engine->read(out);
  return got ? *got : 0;
}

Task<Result<void>> SecureLink::write(ByteView plaintext) {
  while (!plaintext.empty()) {
    const auto piece = plaintext.first(std::min(plaintext.size(), kLinkWriteSize));
    if (!impl_->is_open()) co_return Error{Code::connection_lost, "a write after the connection's end"};
    auto taken = impl_->engine->write(piece);
    if (!taken) {
      co_await impl_->say_why();
      co_return taken;
    }
    if (!impl_->flush_at_once()) {
      auto sent = co_await impl_->flush(kLinkWriteLimit);
      if (!sent) co_return sent;
    }
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
  if (!impl_->flushing && !impl_->flush_at_once()) flush_soon();
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
  std::optional<Deadline> deadline;  // for whatever has to be waited for
  const auto waits = [&] {
    if (!deadline) deadline.emplace(impl_->executor, kLinkLingerLimit, [kept = impl_->transport] { kept->close(); });
  };
  impl_->engine->close();
  const Milliseconds limit = kLinkLingerLimit;
  bool sent = impl_->flush_at_once();
  if (!sent) {
    waits();
    sent = (co_await impl_->flush(limit)).ok();
  }
  impl_->transport->finish_writing();
  while (impl_->reading) {
    waits();
    co_await impl_->read_ended.wait(impl_->executor);
  }
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
