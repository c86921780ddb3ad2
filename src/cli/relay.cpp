#include "cli/relay.hpp"

#include <atomic>
#include <list>
#include <thread>

#include "runtime/asio.hpp"

#include <boost/asio/write.hpp>

namespace cpns::cli {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kPieceSize = 65536;
constexpr auto kHoldInterval = std::chrono::milliseconds(2);

struct Connection {
  Connection(tcp::socket from, asio::io_context& io) : opener(std::move(from)), upstream(io) {}
  tcp::socket opener;
  tcp::socket upstream;
  unsigned number = 0;

  void close() {
    error_code ignored;
    opener.close(ignored);
    upstream.close(ignored);
  }
};

}  // namespace

struct Relay::Impl {
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  std::uint16_t port = 0;
  Capture capture;
  std::atomic<std::uint16_t> upstream_port{0};
  std::atomic<std::int64_t> delay_ms{0};
  std::atomic<bool> held{false};
  std::atomic<bool> refusing{false};
  std::atomic<unsigned> taken{0};
  std::mutex hook_mutex;
  Hook hook;
  std::list<std::weak_ptr<Connection>> open;  // relay's thread only
  std::thread thread;

  bool pass_hook(Direction direction, std::span<std::uint8_t> bytes) {
    const std::scoped_lock lock(hook_mutex);
    return !hook || hook(direction, bytes);
  }

  asio::awaitable<void> pump(std::shared_ptr<Connection> connection, Direction direction) {
    const bool forth = direction == Direction::Forth;
    auto& from = forth ? connection->opener : connection->upstream;
    auto& to = forth ? connection->upstream : connection->opener;
    std::vector<std::uint8_t> piece(kPieceSize);
    asio::steady_timer timer(io);
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    for (;;) {
      const auto room = asio::buffer(piece);
      const std::size_t n = co_await from.async_read_some(room, token);
      if (error) break;
      const std::span<std::uint8_t> bytes(piece.data(), n);
      capture.add(connection->number, direction, bytes, monotonic_us());
      if (!pass_hook(direction, bytes)) {
        connection->close();
        co_return;
      }
      if (const auto ms = delay_ms.load(); ms > 0) {
        timer.expires_after(std::chrono::milliseconds(ms));
        co_await timer.async_wait(token);
      }
      while (held && to.is_open()) {
        timer.expires_after(kHoldInterval);
        co_await timer.async_wait(token);
      }
      const auto out = asio::buffer(piece.data(), n);
      co_await asio::async_write(to, out, token);
      if (error) break;
    }
    // A clean end goes on as one; anything else ends both ways.
    error_code ignored;
    if (error == asio::error::eof) {
      to.shutdown(tcp::socket::shutdown_send, ignored);
    } else {
      connection->close();
    }
  }

  asio::awaitable<void> serve(std::shared_ptr<Connection> connection) {
    const tcp::endpoint target(asio::ip::address_v4::loopback(), upstream_port);
    error_code error = asio::error::not_connected;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    if (target.port() != 0 && !refusing) co_await connection->upstream.async_connect(target, token);
    if (error) {
      connection->close();
      co_return;
    }
    error_code ignored;
    connection->opener.set_option(tcp::no_delay(true), ignored);
    connection->upstream.set_option(tcp::no_delay(true), ignored);
    asio::co_spawn(io, pump(connection, Direction::Forth), runtime::unattended);
    asio::co_spawn(io, pump(connection, Direction::Back), runtime::unattended);
  }

  asio::awaitable<void> accept() {
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    while (acceptor.is_open()) {
      tcp::socket socket = co_await acceptor.async_accept(token);
      if (error) continue;
      auto connection = std::make_shared<Connection>(std::move(socket), io);
      connection->number = taken++;
      open.remove_if([](const auto& old) { return old.expired(); });
      open.push_back(connection);
      asio::co_spawn(io, serve(std::move(connection)), runtime::unattended);
    }
  }

  void close_connections() {
    for (const auto& weak : open) {
      if (const auto connection = weak.lock()) connection->close();
    }
    open.clear();
  }
};

Relay::Relay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  asio::co_spawn(impl_->io, impl_->accept(), runtime::unattended);
  impl_->thread = std::thread([raw = impl_.get()] { raw->io.run(); });
}

Relay::~Relay() {
  impl_->io.stop();
  impl_->thread.join();
}

Result<std::unique_ptr<Relay>> Relay::start() {
  auto impl = std::make_unique<Impl>();
  error_code error;
  const tcp::endpoint here(asio::ip::address_v4::loopback(), 0);
  impl->acceptor.open(here.protocol(), error);
  if (!error) impl->acceptor.bind(here, error);
  if (!error) impl->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) impl->port = impl->acceptor.local_endpoint(error).port();
  if (error) return Error{Code::relay_not_listening, error.message(), "a free port on 127.0.0.1"};
  return std::unique_ptr<Relay>(new Relay(std::move(impl)));
}

std::uint16_t Relay::port() const noexcept { return impl_->port; }
void Relay::set_upstream(std::uint16_t port) { impl_->upstream_port = port; }
Capture& Relay::capture() noexcept { return impl_->capture; }
unsigned Relay::connections() const noexcept { return impl_->taken; }
void Relay::set_delay(std::chrono::milliseconds delay) { impl_->delay_ms = delay.count(); }
void Relay::hold(bool on) { impl_->held = on; }

void Relay::refuse(bool on) { impl_->refusing = on; }

void Relay::cut() {
  asio::post(impl_->io, [raw = impl_.get()] { raw->close_connections(); });
}

void Relay::set_hook(Hook hook) {
  const std::scoped_lock lock(impl_->hook_mutex);
  impl_->hook = std::move(hook);
}

}  // namespace cpns::cli
