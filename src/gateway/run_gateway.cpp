#include "gateway/run_gateway.hpp"

#include "pngw/node_id.hpp"
#include "pngw/operator_relay.hpp"
#include "pngw/pan_address.hpp"
#include "pngw/pan_service.hpp"
#include "runtime/clock.hpp"
#include "runtime/files.hpp"
#include "runtime/listener.hpp"
#include "runtime/process.hpp"
#include "runtime/sandbox.hpp"
#include "runtime/system_random.hpp"
#include "tls/certificate_uri.hpp"
#include "tls/x509.hpp"

namespace cpns::gateway {

namespace asio = runtime::asio;

namespace {

constexpr std::size_t kMaxPem = std::size_t{64} * 1024;
constexpr std::int64_t kWarnDays = 14;
constexpr std::chrono::seconds kFarewell{3};  // for links to close and writes to end

struct OwnCertificate {
  ids::PnGwId pn_gw_id;
  std::unique_ptr<tls::EngineFactory> engines;
  std::unique_ptr<tls::EngineFactory> relay_engines;
};

Result<OwnCertificate> load_certificate(const GatewayFolder& folder, const GatewayConfig& config, store::FileSeal& seal,
                                        runtime::Log& log) {
  CPNS_TRY(const auto chain, runtime::read_file(folder.certificate(), kMaxPem));
  CPNS_TRY(const auto key, pngw::read_sealed_file(folder.private_key(), seal, pngw::kPrivateKeyName, kMaxPem));
  CPNS_TRY(const auto ca, runtime::read_file(folder.trusted_ca(), kMaxPem));
  CPNS_TRY(const auto info, tls::certificate_info(chain));
  CPNS_TRY(auto pn_gw_id, tls::pn_gw_id_of(info.uris));
  const auto days = info.days_left(runtime::now());
  if (days < kWarnDays) log.event(Code::gateway_certificate_ends, {{"days_left", days}});
  const auto engines_for = [&](std::string_view alpn) {
    tls::CertificateProfile profile{chain,
                                    secret::SecretBuffer::copy_of(key.view()),
                                    ca,
                                    {std::string(alpn)},
                                    config.operator_link.server_id.text()};
    return tls::make_certificate_client_factory(std::move(profile));
  };
  CPNS_TRY(auto engines, engines_for(pngw::kOperatorAlpn));
  CPNS_TRY(auto relay_engines, engines_for(pngw::kOperatorRelayAlpn));
  return OwnCertificate{std::move(pn_gw_id), std::move(engines), std::move(relay_engines)};
}

runtime::Task<void> stop_on_signal(std::function<void()> stop) {
  co_await runtime::stop_signal();
  stop();
}

}  // namespace

Result<void> run_gateway(const GatewayFolder& folder, const GatewayConfig& config, store::FileSeal& seal,
                         store::PairingStore& pairings, runtime::Log& log) {
  CPNS_TRY(const auto lock, RunLock::take(folder));
  CPNS_TRY(auto own, load_certificate(folder, config, seal, log));
  CPNS_TRY(auto server_engines, pngw::pan_engines());
  asio::io_context loop(1);
  CPNS_TRY(auto listener, runtime::Listener::open(loop.get_executor(), config.pan_link.host, config.pan_link.port));
  auto endpoints = config.pan_link.endpoints;
  if (endpoints.empty()) {
    CPNS_TRY(endpoints, pngw::reachable_endpoints(config.pan_link.host, listener.port()));
  }

  runtime::SystemRandom random;
  pngw::OperatorLink operator_link(loop.get_executor(), std::move(own.engines),
                                   pngw::OperatorLink::Settings{config.operator_link.server}, random, log);
  pngw::OperatorRelay operator_relay(std::move(own.relay_engines), {config.operator_link.server}, random);
  CPNS_TRY(const auto node_id, pngw::keep_node_id(folder.node_id(), random));
  pngw::PanRelay relay(pairings, operator_relay, node_id, log, config.relay);
  pngw::RunContext context{loop.get_executor(), &operator_link,  pairings, random, log, config.operator_link.server_id,
                           own.pn_gw_id,        pngw::system_now};
  pngw::PanService service(context, std::move(server_engines), relay);
  runtime::Listener::OnConnection on_connection = [&](asio::ip::tcp::socket socket) {
    asio::co_spawn(loop, service.serve(std::move(socket)), runtime::unattended);
  };
  runtime::enter_sandbox_or_say({.enabled = config.process.sandbox}, log);
  operator_link.start();
  service.start();
  std::function<void()> stop = [&] {
    log.event(Code::gateway_stopping);
    listener.stop();
    service.stop();
    operator_link.stop();
    loop.stop();
  };
  // Before anything says that it listens: whoever reads that may end it at once.
  asio::co_spawn(loop, stop_on_signal(stop), runtime::unattended);
  asio::co_spawn(loop, listener.run("pan", log, std::move(on_connection)), runtime::unattended);

  CPNS_CHECK(pngw::leave_endpoints(folder.pan_address(), endpoints));
  log.event(Code::gateway_ready,
            {{"pan", listener.address()}, {"pn_gw_id", own.pn_gw_id}, {"server_id", config.operator_link.server_id}});
  loop.run();
  loop.restart();
  loop.run_for(kFarewell);
  std::error_code ignored;
  std::filesystem::remove(folder.pan_address(), ignored);
  log.event(Code::gateway_stopped);
  return {};
}

}  // namespace cpns::gateway
