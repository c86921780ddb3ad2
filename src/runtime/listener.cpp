#include "runtime/listener.hpp"

namespace cpns::runtime {
namespace {

using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kPause{50};
constexpr int kBacklog = 4096;
/// Taken at once where so many wait in the kernel; then it is the turn of others.
constexpr int kAtOnce = 64;

}  // namespace

struct Listener::State {
  explicit State(const asio::any_io_executor& executor) : acceptor(executor), pause(executor) {}
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  bool stopped = false;
  bool running_short = false;
};

Result<Listener> Listener::open(asio::any_io_executor executor, const std::string& host, std::uint16_t port) {
  const auto failed = [&](const error_code& cause) {
    return Error{Code::listen_failed, host + ":" + std::to_string(port) + ": " + cause.message()};
  };
  error_code error;
  tcp::resolver resolver(executor);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error) return failed(error);
  const tcp::endpoint endpoint = *found.begin();

  auto state = std::make_shared<State>(executor);
  state->acceptor.open(endpoint.protocol(), error);
  if (!error) state->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  // Each connection has these from its listener: set once instead of for each.
  if (!error) state->acceptor.set_option(tcp::no_delay(true), error);
  if (!error) state->acceptor.set_option(asio::socket_base::keep_alive(true), error);
  if (!error) state->acceptor.bind(endpoint, error);
  if (!error) state->acceptor.listen(kBacklog, error);
  if (!error) state->acceptor.non_blocking(true, error);
  if (error) return failed(error);
  return Listener(std::move(state));
}

std::string Listener::address() const {
  error_code ignored;
  const auto endpoint = state_->acceptor.local_endpoint(ignored);
  const auto address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

std::uint16_t Listener::port() const {
  error_code ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

Task<void> Listener::run(std::string name, Log& log, OnConnection on_connection) {
  OnPeer on_peer = [on_connection = std::move(on_connection)](tcp::socket socket, const tcp::endpoint&) {
    on_connection(std::move(socket));
  };
  return run(std::move(name), log, std::move(on_peer));
}

Task<void> Listener::run(std::string name, Log& log, OnPeer on_connection) {
  const auto state = state_;
  log.event(Code::listener_started, {{"listener", name}, {"address", address()}});
  while (!state->stopped) {
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    co_await state->acceptor.async_wait(tcp::acceptor::wait_read, token);
    if (!failed) failed = take_those_there(*state, name, log, on_connection);
    if (state->stopped) break;
    if (failed) {
      if (!state->running_short) {
        log.event(Code::accept_paused, {{"listener", name}, {"got", failed.message()}});
      }
      state->running_short = true;
      state->pause.expires_after(kPause);
      co_await state->pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      continue;
    }
  }
}

error_code Listener::take_those_there(State& state, const std::string& name, Log& log, const OnPeer& on_connection) {
  for (int taken = 0; taken < kAtOnce && !state.stopped; ++taken) {
    error_code failed;
    tcp::endpoint peer;
    tcp::socket socket(state.acceptor.get_executor());
    state.acceptor.accept(socket, peer, failed);
    if (failed == asio::error::would_block || failed == asio::error::try_again) break;
    // It has gone again before it was taken; the others are there.
    if (failed == asio::error::connection_aborted || failed == asio::error::connection_reset) continue;
    if (failed) return failed;
    if (state.running_short) log.event(Code::accept_resumed, {{"listener", name}});
    state.running_short = false;
    on_connection(std::move(socket), peer);
  }
  return {};
}

void Listener::stop() {
  state_->stopped = true;
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->pause.cancel();
}

}  // namespace cpns::runtime
