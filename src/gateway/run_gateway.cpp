#include "gateway/run_gateway.hpp"

#include "gateway/operator_side.hpp"
#include "gateway/relay_status.hpp"
#include "pngw/node_id.hpp"
#include "pngw/pan_address.hpp"
#include "pngw/pan_service.hpp"
#include "runtime/clock.hpp"
#include "runtime/listener.hpp"
#include "runtime/process.hpp"
#include "runtime/sandbox.hpp"
#include "runtime/system_random.hpp"

namespace cpns::gateway {

namespace asio = runtime::asio;

namespace {

constexpr std::chrono::seconds kFarewell{3};  // for links to close and writes to end

runtime::Task<void> stop_on_signal(runtime::StopSignal* signal, std::function<void()> stop) {
  co_await signal->wait();
  stop();
}

}  // namespace

Result<void> run_gateway(const GatewayFolder& folder, const GatewayConfig& config, store::FileSeal& seal,
                         store::PairingStore& pairings, runtime::Log& log) {
  CPNS_TRY(const auto lock, RunLock::take(folder));
  CPNS_TRY(auto server_engines, pngw::pan_engines());
  asio::io_context loop(1);
  runtime::StopSignal signal(loop.get_executor());
  CPNS_TRY(auto listener, runtime::Listener::open(loop.get_executor(), config.pan_link.host, config.pan_link.port));
  auto endpoints = config.pan_link.endpoints;
  if (endpoints.empty()) {
    CPNS_TRY(endpoints, pngw::reachable_endpoints(config.pan_link.host, listener.port()));
  }

  runtime::SystemRandom random;
  const auto& server_id = config.operator_link.server_id;
  const OperatorParts parts{loop.get_executor(), folder, server_id, seal, random, log};
  const auto make_side = [&](const auto& settings) { return make_operator_side(settings, parts); };
  CPNS_TRY(const auto side, std::visit(make_side, config.operator_link.kind));
  CPNS_TRY(const auto node_id, pngw::keep_node_id(folder.node_id(), random));
  pngw::PanRelay relay(pairings, side->relay(), node_id, log, config.relay);
  pngw::RunContext context{loop.get_executor(), &side->link(),    pairings,        random, log,
                           server_id,           side->pn_gw_id(), pngw::system_now};
  pngw::PanService service(context, std::move(server_engines), relay);
  runtime::Listener::OnConnection on_connection = [&](asio::ip::tcp::socket socket) {
    asio::co_spawn(loop, service.serve(std::move(socket)), runtime::unattended);
  };
  // Without it only `status` knows less.
  auto status = runtime::UnixListener::open(loop.get_executor(), folder.status_socket());
  if (!status) log.error(status.error());
  runtime::enter_sandbox_or_say({.enabled = config.process.sandbox}, log);
  side->link().start();
  service.start();
  std::function<void()> stop = [&] {
    log.event(Code::gateway_stopping);
    listener.stop();
    if (status) status->stop();
    service.stop();
    side->link().stop();
    loop.stop();
  };
  // Before anything says that it listens: whoever reads that may end it at once.
  asio::co_spawn(loop, stop_on_signal(&signal, stop), runtime::unattended);
  asio::co_spawn(loop, listener.run("pan", log, std::move(on_connection)), runtime::unattended);
  if (status) asio::co_spawn(loop, tell_status(&*status, &relay), runtime::unattended);

  CPNS_CHECK(pngw::leave_endpoints(folder.pan_address(), endpoints));
  log.event(Code::gateway_ready,
            {{"pan", listener.address()}, {"pn_gw_id", side->pn_gw_id()}, {"server_id", server_id}});
  loop.run();
  loop.restart();
  loop.run_for(kFarewell);
  std::error_code ignored;
  std::filesystem::remove(folder.pan_address(), ignored);
  log.event(Code::gateway_stopped);
  return {};
}

}  // namespace cpns::gateway
