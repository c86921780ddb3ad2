#include "integration/gateway/pan_world.hpp"

#include <fstream>

#include "pngw/standalone_link.hpp"
#include "runtime/clock.hpp"
#include "store/sync.hpp"

namespace cpns::test {

namespace asio = runtime::asio;

namespace {

runtime::LogOptions log_into(const TempDir& folder) {
  runtime::LogOptions options;
  options.program = "test";
  options.format = runtime::LogFormat::Json;
  options.level = Level::Debug;
  options.file = (folder / "log").string();
  return options;
}

secret::MasterKey some_master_key() {
  return secret::MasterKey::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{5}); });
}

}  // namespace

PanWorld::PanWorld(pngw::PanLimits limits)
    : log(log_into(folder)),
      ca(*tls::make_ca("test", 30, runtime::now())),
      server(loop, log, ca),
      sealer(some_master_key()),
      pairings(sealer, random),
      limits_(limits),
      key_(*tls::make_key_and_csr(test_pn_gw_id())),
      certificate_(*tls::issue_gateway_certificate(ca, key_.request_der, test_pn_gw_id(), 30, runtime::now())) {
  start_gateway();
}

PanWorld::~PanWorld() {
  stop_gateway();
  server.go_down();
  loop.restart();
  loop.run_for(std::chrono::milliseconds(50));
}

void PanWorld::start_gateway() {
  tls::CertificateProfile profile{certificate_,
                                  secret::SecretBuffer::copy_of(key_.private_key_pem.view()),
                                  ca.certificate_pem,
                                  {std::string(pngw::kOperatorAlpn)},
                                  FakeServer::server_id().text()};
  std::shared_ptr<tls::EngineFactory> engines = *tls::make_certificate_client_factory(std::move(profile));
  pngw::StandaloneLink::Settings settings{*ids::Endpoint::parse("127.0.0.1:" + std::to_string(server.port()))};
  settings.first_pause = std::chrono::milliseconds(20);
  settings.longest_pause = std::chrono::milliseconds(100);
  operator_link_ =
      std::make_unique<pngw::StandaloneLink>(loop.get_executor(), std::move(engines), settings, random, log);
  auto now = [this] {
    auto real = test_now();
    real.steady += clock_ahead;
    real.wall += std::chrono::duration_cast<std::chrono::seconds>(clock_ahead);
    return real;
  };
  pngw::RunContext context{loop.get_executor(),     operator_link_.get(), pairings, random, log,
                           FakeServer::server_id(), test_pn_gw_id(),      now};
  std::shared_ptr<tls::EngineFactory> pan_engines = *pngw::pan_engines();
  tls::CertificateProfile relay_profile{certificate_,
                                        secret::SecretBuffer::copy_of(key_.private_key_pem.view()),
                                        ca.certificate_pem,
                                        {std::string(pngw::kOperatorRelayAlpn)},
                                        FakeServer::server_id().text()};
  auto relay_engines = *tls::make_certificate_client_factory(std::move(relay_profile));
  upstream_ = std::make_unique<pngw::OperatorRelay>(std::move(relay_engines),
                                                    pngw::OperatorRelay::Settings{settings.server}, random);
  relay_ = std::make_unique<pngw::PanRelay>(pairings, *upstream_, stream::NodeId{{1}}, log, pngw::RelayLimits{});
  service_ = std::make_unique<pngw::PanService>(std::move(context), std::move(pan_engines), *relay_, limits_);
  listener_ = std::make_unique<runtime::Listener>(*runtime::Listener::open(loop.get_executor(), "127.0.0.1", 0));
  runtime::Listener::OnConnection on_connection = [this](asio::ip::tcp::socket socket) {
    asio::co_spawn(loop, service_->serve(std::move(socket)), asio::detached);
  };
  asio::co_spawn(loop, listener_->run("pan", log, std::move(on_connection)), asio::detached);
  operator_link_->start();
  service_->start();
}

void PanWorld::stop_gateway() {
  listener_->stop();
  service_->stop();
  operator_link_->stop();
  // Every coroutine that refers to them has to end first.
  (void)until([this] { return service_->idle(); }, std::chrono::seconds(5));
  loop.restart();
  loop.run_for(std::chrono::milliseconds(20));
}

void PanWorld::restart_gateway() {
  stop_gateway();
  start_gateway();
}

bool PanWorld::connected() {
  return until([this] { return operator_link_->up(); });
}

pngw::PairingCode PanWorld::open_code(std::chrono::seconds age) {
  const store::PairingId id(random.bytes<store::PairingId::kSize>());
  auto secret = secret::PairingSecret::make([this](auto to) { random.fill(to); });
  const auto made_at = runtime::now() - age;
  store::Pairing pairing{id, secret.duplicate(), made_at, made_at + std::chrono::minutes(10)};
  const auto opened =
      store::wait_for_done([&](store::Done done) { pairings.open_pairing(std::move(pairing), std::move(done)); });
  EXPECT_TRUE(opened.ok());
  return {id, std::move(secret), pan_endpoints()};
}

std::vector<ids::Endpoint> PanWorld::pan_endpoints() const { return {*ids::Endpoint::parse(listener_->address())}; }

std::size_t PanWorld::logged(Code code) const {
  std::ifstream lines(folder / "log");
  const auto wanted = "\"name\":\"" + std::string(message_info(code).name) + "\"";
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) count += line.find(wanted) != std::string::npos ? 1 : 0;
  return count;
}

}  // namespace cpns::test
