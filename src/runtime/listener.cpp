#include "runtime/listener.hpp"

#include "runtime/byte_stream.hpp"

namespace cpns::runtime {
namespace {

using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kPause{50};
constexpr int kBacklog = 4096;
constexpr int kTogether = 16;  ///< taken in one turn of the loop, which has other work too

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

error_code set_up(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code error;
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  // Each connection has these from its listener: set once instead of for each.
  if (!error) acceptor.set_option(tcp::no_delay(true), error);
  if (!error) acceptor.set_option(asio::socket_base::keep_alive(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (!error) acceptor.non_blocking(true, error);
  return error;
}

}  // namespace

struct Listener::State {
  explicit State(const asio::any_io_executor& executor) : acceptor(executor), pause(executor) {}
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  bool stopped = false;
  bool says_so = true;
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
  if (!error) error = set_up(state->acceptor, endpoint);
  if (error) return failed(error);
  return Listener(std::move(state));
}

// Linux looks at the option when another socket is bound, and again when that one listens: it may be set here. Had a
// first listener it from the beginning, two servers of one user could be given one port and share its connections.
Result<Listener> Listener::beside(asio::any_io_executor executor) {
  error_code error;
  const auto endpoint = state_->acceptor.local_endpoint(error);
  auto state = std::make_shared<State>(executor);
  state->says_so = false;
  if (!error) state_->acceptor.set_option(ReusePort(true), error);
  if (!error) state->acceptor.open(endpoint.protocol(), error);
  if (!error) state->acceptor.set_option(ReusePort(true), error);
  if (!error) error = set_up(state->acceptor, endpoint);
  if (error) return Error{Code::listen_failed, text_of(endpoint) + " for one more loop: " + error.message()};
  return Listener(std::move(state));
}

std::string Listener::address() const {
  error_code ignored;
  return text_of(state_->acceptor.local_endpoint(ignored));
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
  if (state->says_so) log.event(Code::listener_started, {{"listener", name}, {"address", address()}});
  while (!state->stopped) {
    error_code failed;
    tcp::endpoint peer;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    tcp::socket socket = co_await state->acceptor.async_accept(peer, token);
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
    if (state->running_short) log.event(Code::accept_resumed, {{"listener", name}});
    state->running_short = false;
    on_connection(std::move(socket), peer);
    // Whoever else is there comes along. What a crowd asks for in one turn of the loop can be done together.
    for (int more = 1; more < kTogether && !state->stopped; ++more) {
      tcp::socket next(state->acceptor.get_executor());
      state->acceptor.accept(next, peer, failed);
      if (failed) break;  // nobody; or what the next turn will be told
      on_connection(std::move(next), peer);
    }
  }
}

void Listener::stop() {
  state_->stopped = true;
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->pause.cancel();
}

}  // namespace cpns::runtime
