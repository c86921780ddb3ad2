#include "device/control.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "runtime/unix_listener.hpp"

namespace cpns::device {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

constexpr std::size_t kLongestRequest = 256;
constexpr std::size_t kMostClients = 16;

using Socket = asio::local::stream_protocol::socket;

}  // namespace

struct ControlSocket::State : std::enable_shared_from_this<ControlSocket::State> {
  State(asio::any_io_executor on, OnWish wish, runtime::Log& to)
      : executor(std::move(on)),
        changed(executor, asio::steady_timer::time_point::max()),
        on_wish(std::move(wish)),
        log(to) {}

  static Task<void> serve(std::shared_ptr<State> self, std::shared_ptr<Socket> socket);
  static Task<void> answer(std::shared_ptr<State> self, std::shared_ptr<Socket> socket);
  static Task<void> watch(std::shared_ptr<State> self, std::shared_ptr<Socket> socket);
  static Task<void> notice_end(std::shared_ptr<State> self, std::shared_ptr<Socket> socket);

  asio::any_io_executor executor;
  asio::steady_timer changed;  // never expires; cancelled at each change
  OnWish on_wish;
  runtime::Log& log;
  std::optional<runtime::UnixListener> listener;
  std::list<std::shared_ptr<Socket>> clients;
  RunStatus status;
  std::uint64_t version = 0;
  bool stopped = false;
};

namespace {

Task<bool> write_line(std::shared_ptr<Socket> socket, std::string line) {
  line += '\n';
  boost::system::error_code failed;
  const auto buffer = asio::buffer(line);
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  co_await asio::async_write(*socket, buffer, token);
  co_return !failed;
}

}  // namespace

// A watcher that has gone must not keep its place until the next change.
Task<void> ControlSocket::State::notice_end(std::shared_ptr<State> self, std::shared_ptr<Socket> socket) {
  std::array<char, 64> ignored_bytes{};
  boost::system::error_code failed;
  while (!failed) {
    const auto buffer = asio::buffer(ignored_bytes);
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    co_await socket->async_read_some(buffer, token);
  }
  boost::system::error_code ignored;
  socket->close(ignored);
  self->changed.cancel();
}

Task<void> ControlSocket::State::watch(std::shared_ptr<State> self, std::shared_ptr<Socket> socket) {
  asio::co_spawn(self->executor, notice_end(self, socket), runtime::unattended);
  std::optional<std::uint64_t> told;
  while (!self->stopped && socket->is_open()) {
    if (told != self->version) {
      told = self->version;
      auto line = json_of(self->status);
      const bool written = co_await write_line(socket, std::move(line));
      if (!written) break;
      continue;
    }
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await self->changed.async_wait(token);
  }
}

Task<void> ControlSocket::State::answer(std::shared_ptr<State> self, std::shared_ptr<Socket> socket) {
  std::string line;
  boost::system::error_code failed;
  auto buffer = asio::dynamic_buffer(line, kLongestRequest);
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  const auto size = co_await asio::async_read_until(*socket, buffer, '\n', token);
  if (failed) co_return;
  const auto request = parse_control_request(std::string_view(line).substr(0, size));
  if (request && request->watch) {
    co_await watch(self, socket);
    co_return;
  }
  std::string reply = R"({"error":"a request of another form"})";
  if (request && request->wish) {
    self->on_wish(request->mode);
    reply = R"({"ok":true})";
  } else if (request) {
    reply = json_of(self->status);
  }
  (void)co_await write_line(socket, std::move(reply));
}

Task<void> ControlSocket::State::serve(std::shared_ptr<State> self, std::shared_ptr<Socket> socket) {
  co_await answer(self, socket);
  boost::system::error_code ignored;
  socket->close(ignored);
  self->clients.remove(socket);
}

ControlSocket::ControlSocket(asio::any_io_executor executor, OnWish on_wish, runtime::Log& log)
    : state_(std::make_shared<State>(std::move(executor), std::move(on_wish), log)) {}

ControlSocket::~ControlSocket() { stop(); }

Result<void> ControlSocket::open(const DeviceFolder& folder) {
  CPNS_TRY(state_->listener, runtime::UnixListener::open(state_->executor, control_socket(folder)));
  const std::weak_ptr<State> weak = state_;
  const auto take = [weak](Socket socket) {
    const auto state = weak.lock();
    if (!state || state->clients.size() >= kMostClients) return;
    auto kept = state->clients.emplace_back(std::make_shared<Socket>(std::move(socket)));
    asio::co_spawn(state->executor, State::serve(state, std::move(kept)), runtime::unattended);
  };
  asio::co_spawn(state_->executor, state_->listener->run(take), runtime::unattended);
  return {};
}

void ControlSocket::publish(RunStatus status) {
  if (state_->version > 0 && status == state_->status) return;
  state_->status = std::move(status);
  ++state_->version;
  state_->changed.cancel();
}

void ControlSocket::stop() {
  if (std::exchange(state_->stopped, true)) return;
  state_->on_wish = [](std::optional<activation::Mode>) {};
  if (state_->listener) state_->listener->stop();
  boost::system::error_code ignored;
  for (const auto& client : state_->clients) client->close(ignored);
  state_->changed.cancel();
}

}  // namespace cpns::device
