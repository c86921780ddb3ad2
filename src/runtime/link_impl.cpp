#include "runtime/link_impl.hpp"

#include <array>

namespace cpns::runtime {
namespace {

constexpr std::size_t kReadSize = std::size_t{16} * 1024;

// Ciphertext between engine and transport, used between two suspensions only: one per thread instead of one per link.
std::span<std::uint8_t> scratch() {
  thread_local std::array<std::uint8_t, kLinkWriteSize + 1024> bytes;
  return bytes;
}

Task<void> linger_on(std::shared_ptr<Transport> transport) {
  const Transport::Milliseconds limit = kLinkLingerLimit;
  co_await transport->linger(limit);
}

}  // namespace

bool SecureLink::Impl::collect() {
  if (!unsent.empty()) return true;
  const auto to = scratch();
  const auto size = engine->take_output(to);
  unsent.assign(to.begin(), to.begin() + static_cast<std::ptrdiff_t>(size));
  return size > 0;
}

bool SecureLink::Impl::flush_at_once() {
  if (flushing || !unsent.empty()) return false;
  const auto room = scratch();
  while (const auto size = engine->take_output(room)) {
    const auto bytes = ByteView(room).first(size);
    const auto rest = bytes.subspan(transport->write_at_once(bytes));
    if (rest.empty()) continue;
    unsent.assign(rest.begin(), rest.end());
    return false;
  }
  return true;
}

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

Task<Result<void>> SecureLink::Impl::receive() {
  // Where bytes may come while this link sleeps, the thread's scratch would be another link's by then.
  if (!transport->reads_at_once()) incoming.resize(kReadSize);
  const auto room = incoming.empty() ? scratch().first(kReadSize) : std::span<std::uint8_t>(incoming);
  const auto got = co_await transport->read_some(room);
  if (!got) co_return got.error();
  co_return engine->feed(room.first(*got));
}

Task<void> SecureLink::Impl::say_why() {
  if (engine->state() != tls::EngineState::Failed || !is_open()) co_return;
  const Milliseconds limit = kLinkLingerLimit;
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
    if (!flushing && !flush_at_once()) {  // an answer to a KeyUpdate, or what was put
      auto sent = co_await flush(kLinkWriteLimit);
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

}  // namespace cpns::runtime
