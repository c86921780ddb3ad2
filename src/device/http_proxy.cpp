#include "device/http_proxy.hpp"

#include <set>

#include "device/proxy_exchange.hpp"
#include "runtime/listener.hpp"

namespace cpns::device {

namespace asio = runtime::asio;
using runtime::ByteStream;
using runtime::Task;

struct HttpProxy::State : std::enable_shared_from_this<HttpProxy::State> {
  State(asio::any_io_executor on, StreamOpener& with, runtime::Log& to, ProxyLimits given)
      : executor(std::move(on)), opener(with), log(to), limits(given) {}

  void take(asio::ip::tcp::socket socket);
  static Task<void> serve(std::shared_ptr<State> self, std::shared_ptr<ByteStream> application);

  asio::any_io_executor executor;
  StreamOpener& opener;
  runtime::Log& log;
  ProxyLimits limits;
  std::optional<runtime::Listener> listener;
  std::set<std::shared_ptr<ByteStream>> applications;
  bool stopped = false;
};

void HttpProxy::State::take(asio::ip::tcp::socket socket) {
  auto application = std::make_shared<runtime::SocketStream>(std::move(socket));
  if (stopped || applications.size() >= limits.connections) {
    log.event(Code::too_many_applications, {{"listener", "proxy"}, {"limit", limits.connections}});
    application->abort();
    return;
  }
  applications.insert(application);
  asio::co_spawn(executor, serve(shared_from_this(), std::move(application)), runtime::unattended);
}

Task<void> HttpProxy::State::serve(std::shared_ptr<State> self, std::shared_ptr<ByteStream> application) {
  ProxyExchange exchange(application, self->opener, self->log, self->limits);
  bool more = true;
  while (more && !self->stopped) more = co_await exchange.next();
  application->finish_writing();
  application->abort();
  self->applications.erase(application);
}

HttpProxy::HttpProxy(asio::any_io_executor executor, StreamOpener& opener, runtime::Log& log, ProxyLimits limits)
    : state_(std::make_shared<State>(std::move(executor), opener, log, limits)) {}

HttpProxy::~HttpProxy() { stop(); }

Result<std::string> HttpProxy::listen(const DeviceConfig::Listen& where) {
  CPNS_TRY(state_->listener, runtime::Listener::open(state_->executor, where.host, where.port));
  const std::weak_ptr<State> weak = state_;
  const auto take = [weak](asio::ip::tcp::socket socket) {
    if (const auto state = weak.lock()) state->take(std::move(socket));
  };
  asio::co_spawn(state_->executor, state_->listener->run("proxy", state_->log, take), runtime::unattended);
  return state_->listener->address();
}

void HttpProxy::stop() {
  if (std::exchange(state_->stopped, true)) return;
  if (state_->listener) state_->listener->stop();
  for (const auto& application : state_->applications) application->abort();
}

}  // namespace cpns::device
