#include "device/ports.hpp"

namespace cpns::device {

namespace asio = runtime::asio;
using runtime::ByteStream;
using runtime::Task;

struct LocalPorts::State : std::enable_shared_from_this<LocalPorts::State> {
  State(asio::any_io_executor on, StreamOpener& with, runtime::Log& to, PortLimits given)
      : executor(std::move(on)), opener(with), log(to), limits(given) {}

  void take(std::shared_ptr<ByteStream> application, const std::string& service);
  static Task<void> serve(std::shared_ptr<State> self, std::shared_ptr<ByteStream> application, std::string service);

  asio::any_io_executor executor;
  StreamOpener& opener;
  runtime::Log& log;
  PortLimits limits;
  std::list<runtime::Listener> ports;
  std::list<runtime::UnixListener> sockets;
  std::set<std::shared_ptr<ByteStream>> applications;
  bool stopped = false;
};

void LocalPorts::State::take(std::shared_ptr<ByteStream> application, const std::string& service) {
  if (stopped || applications.size() >= limits.connections) {
    log.event(Code::too_many_applications, {{"service", service}, {"limit", limits.connections}});
    application->abort();
    return;
  }
  applications.insert(application);
  asio::co_spawn(executor, serve(shared_from_this(), std::move(application), service), runtime::unattended);
}

Task<void> LocalPorts::State::serve(std::shared_ptr<State> self, std::shared_ptr<ByteStream> application,
                                    std::string service) {
  const stream::StreamTarget target(stream::ServiceTarget{service, stream::ServiceTarget::Protocol::Raw});
  auto opened = co_await self->opener.open(target);
  if (!opened) {
    self->log.error(opened.error(), {{"service", service}, {"application", application->remote()}});
    application->abort();
  } else if (self->stopped) {
    (*opened)->abort();
  } else {
    const auto service_stream = *opened;
    const auto limits = self->limits.splice;
    const auto joined = co_await runtime::splice(application, service_stream, limits);
    if (joined.error && !self->stopped) {
      self->log.event(
          Code::application_cut_off,
          {{"service", service}, {"got", to_text(*joined.error)}, {"there", joined.there}, {"back", joined.back}});
    }
  }
  self->applications.erase(application);
}

LocalPorts::LocalPorts(asio::any_io_executor executor, StreamOpener& opener, runtime::Log& log, PortLimits limits)
    : state_(std::make_shared<State>(std::move(executor), opener, log, limits)) {}

LocalPorts::~LocalPorts() { stop(); }

Result<std::string> LocalPorts::add(const DeviceConfig::Forward& forward) {
  const std::weak_ptr<State> weak = state_;
  const auto service = forward.service;
  const auto take = [weak, service](auto socket) {
    if (const auto state = weak.lock()) {
      state->take(std::make_shared<runtime::SocketStream>(std::move(socket)), service);
    }
  };
  if (forward.listen) {
    CPNS_TRY(auto listener, runtime::Listener::open(state_->executor, forward.listen->host, forward.listen->port));
    auto& kept = state_->ports.emplace_back(std::move(listener));
    asio::co_spawn(state_->executor, kept.run("service " + service, state_->log, take), runtime::unattended);
    return kept.address();
  }
  CPNS_TRY(auto listener, runtime::UnixListener::open(state_->executor, forward.unix_socket));
  auto& kept = state_->sockets.emplace_back(std::move(listener));
  state_->log.event(Code::listener_started, {{"listener", "service " + service}, {"address", kept.path().string()}});
  asio::co_spawn(state_->executor, kept.run(take), runtime::unattended);
  return kept.path().string();
}

void LocalPorts::stop() {
  if (std::exchange(state_->stopped, true)) return;
  for (auto& port : state_->ports) port.stop();
  for (auto& socket : state_->sockets) socket.stop();
  for (const auto& application : state_->applications) application->abort();
}

std::size_t LocalPorts::connections() const { return state_->applications.size(); }

}  // namespace cpns::device
