#include "runtime/link.hpp"

#include <array>

#include "runtime/byte_stream.hpp"
#include "runtime/deadline.hpp"

namespace cpns::runtime {
namespace {

using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kReadSize = std::size_t{16} * 1024;
// Two records in one system call; also the most plaintext that stands encrypted in memory per link.
constexpr std::size_t kWriteSize = std::size_t{32} * 1024;
constexpr std::chrono::seconds kWriteLimit{30};
constexpr std::chrono::seconds kLingerLimit{1};
// A peer that is always ready must not keep the thread from its other links.
constexpr int kReadsBeforeYield = 16;

// Ciphertext between engine and socket, used between two suspensions only: one per thread instead of one per link.
std::span<std::uint8_t> scratch() {
  thread_local std::array<std::uint8_t, kWriteSize + 1024> bytes;
  return bytes;
}

Error lost(const error_code& cause) {
  if (cause == asio::error::eof) return {Code::connection_lost, "end of stream without close_notify"};
  return {Code::connection_lost, cause.message()};
}

// A socket that is closed with unread bytes in it resets the connection, and the peer may never see our last bytes:
// the alert, the close_notify. So reading goes on for a moment.
Task<void> linger(tcp::socket socket) {
  error_code failed;
  socket.shutdown(tcp::socket::shutdown_send, failed);
  Deadline deadline(socket, kLingerLimit);
  std::array<std::uint8_t, 2048> discarded;
  while (!failed) {
    co_await socket.async_read_some(asio::buffer(discarded), asio::redirect_error(asio::use_awaitable, failed));
  }
  socket.close(failed);
}

}  // namespace

struct SecureLink::Impl {
  Impl(tcp::socket connected, std::unique_ptr<tls::Engine> machine)
      : executor(connected.get_executor()),
        socket(std::move(connected)),
        engine(std::move(machine)),
        flushed(executor, asio::steady_timer::time_point::max()),
        read_ended(executor, asio::steady_timer::time_point::max()) {
    error_code ignored;
    socket.non_blocking(true, ignored);
    const auto peer = socket.remote_endpoint(ignored);
    if (!ignored) remote = text_of(peer);
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
  void close() {
    error_code ignored;
    socket.close(ignored);
  }

  asio::any_io_executor executor;
  tcp::socket socket;
  std::unique_ptr<tls::Engine> engine;
  std::string remote = "unknown";
  Bytes unsent;  // ciphertext that the socket has not taken yet
  bool flushing = false;
  bool reading = false;
  int reads_without_yield = 0;
  asio::steady_timer flushed;     // never expires; cancelled to wake those who wait for `flushing` to end
  asio::steady_timer read_ended;  // likewise for `reading`
};

// Sends what the engine has for the peer. One at a time: a second one waits for the first.
Task<Result<void>> SecureLink::Impl::flush(Milliseconds limit) {
  error_code failed;
  while (flushing) co_await flushed.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  flushing = true;
  Result<void> result;
  while (collect()) {
    const auto written = socket.write_some(asio::buffer(unsent), failed);
    unsent.erase(unsent.begin(), unsent.begin() + static_cast<std::ptrdiff_t>(written));
    if (failed == asio::error::would_block || failed == asio::error::try_again) {
      Deadline deadline(socket, limit);
      co_await socket.async_wait(tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, failed));
      if (deadline.passed()) failed = asio::error::timed_out;
    }
    if (failed) {
      result = failed == asio::error::timed_out
                   ? Error{Code::peer_too_slow, "nothing taken for " + std::to_string(limit.count()) + " ms"}
                   : lost(failed);
      close();
      break;
    }
  }
  flushing = false;
  flushed.cancel();
  co_return result;
}

// Waits for bytes of the peer and feeds them to the engine.
Task<Result<void>> SecureLink::Impl::receive() {
  error_code failed;
  while (true) {
    if (reads_without_yield++ >= kReadsBeforeYield) {
      reads_without_yield = 0;
      co_await socket.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, failed));
    }
    const auto to = scratch().first(kReadSize);
    const auto size = failed ? 0 : socket.read_some(asio::buffer(to.data(), to.size()), failed);
    if (!failed) co_return engine->feed(to.first(size));
    if (failed != asio::error::would_block && failed != asio::error::try_again) {
      close();
      co_return lost(failed);
    }
    failed = {};
    reads_without_yield = kReadsBeforeYield;
  }
}

// Where the engine has failed: sends its alert and closes. The socket's last second is not the caller's to wait for.
Task<void> SecureLink::Impl::say_why() {
  if (engine->state() != tls::EngineState::Failed || !socket.is_open()) co_return;
  const auto sent = co_await flush(kLingerLimit);
  if (!sent) co_return;
  tcp::socket last(std::move(socket));
  socket = tcp::socket(executor);
  asio::co_spawn(executor, linger(std::move(last)), asio::detached);
}

Task<Result<std::size_t>> SecureLink::Impl::read(std::span<std::uint8_t> out) {
  while (true) {
    auto got = engine->read(out);
    if (!got) {
      co_await say_why();
      co_return got;
    }
    if (!flushing && collect()) {  // an answer to a KeyUpdate
      auto sent = co_await flush(kWriteLimit);
      if (!sent) co_return std::move(sent).error();
    }
    if (*got > 0 || engine->state() == tls::EngineState::Closed) co_return *got;
    auto received = co_await receive();
    if (!received) {
      co_await say_why();
      co_return std::move(received).error();
    }
  }
}

SecureLink::SecureLink(tcp::socket socket, std::unique_ptr<tls::Engine> engine)
    : impl_(std::make_unique<Impl>(std::move(socket), std::move(engine))) {}
SecureLink::~SecureLink() = default;

Task<Result<void>> SecureLink::handshake(Milliseconds limit, KeyLookup lookup) {
  auto& engine = *impl_->engine;
  Deadline deadline(impl_->socket, limit);
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
  impl_->read_ended.cancel();
  co_return result;
}

Task<Result<std::size_t>> SecureLink::read_some(std::span<std::uint8_t> out, Milliseconds limit) {
  Deadline deadline(impl_->socket, limit);
  auto result = co_await read_some(out);
  if (!result && deadline.passed()) {
    co_return Error{Code::peer_too_slow, "nothing came for " + std::to_string(limit.count()) + " ms"};
  }
  co_return result;
}

Task<Result<void>> SecureLink::write(ByteView plaintext) {
  while (!plaintext.empty()) {
    const auto piece = plaintext.first(std::min(plaintext.size(), kWriteSize));
    if (!impl_->socket.is_open()) co_return Error{Code::connection_lost, "a write after the connection's end"};
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

Task<void> SecureLink::shutdown() {
  if (!impl_->socket.is_open()) co_return;
  Deadline deadline(impl_->socket, kLingerLimit);
  impl_->engine->close();
  const auto sent = co_await impl_->flush(kLingerLimit);
  error_code ignored;
  impl_->socket.shutdown(tcp::socket::shutdown_send, ignored);
  while (impl_->reading) co_await impl_->read_ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!sent || !impl_->socket.is_open()) co_return;
  tcp::socket last(std::move(impl_->socket));
  impl_->socket = tcp::socket(impl_->executor);
  co_await linger(std::move(last));
}

void SecureLink::abort() { impl_->close(); }
tls::Engine& SecureLink::engine() noexcept { return *impl_->engine; }
std::string SecureLink::remote() const { return impl_->remote; }
asio::any_io_executor SecureLink::executor() { return impl_->executor; }

}  // namespace cpns::runtime
