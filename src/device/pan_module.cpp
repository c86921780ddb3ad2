#include "device/pan_module.hpp"

#include "pngw/node_id.hpp"
#include "pngw/pan_address.hpp"

namespace cpns::device {

namespace asio = runtime::asio;

PanModule::PanModule(asio::any_io_executor executor, const Context& context, const DeviceConfig::Pan& config,
                     LinkKeeper& links)
    : executor_(std::move(executor)), context_(context), config_(config), upstream_(links, context) {}
PanModule::~PanModule() = default;

Result<void> PanModule::open(const OpenPairings& open_pairings) {
  CPNS_TRY(pairings_, open_pairings(context_.folder));
  CPNS_TRY(auto engines, pngw::pan_engines());
  CPNS_TRY(listener_, runtime::Listener::open(executor_, config_.listen.host, config_.listen.port));
  auto endpoints = config_.endpoints;
  if (endpoints.empty()) {
    CPNS_TRY(endpoints, pngw::reachable_endpoints(config_.listen.host, listener_->port()));
  }
  CPNS_TRY(const auto record, context_.store.load());
  if (!record.credential)
    return Error{Code::device_has_no_credential, "a PNE without a key", "ID and key, to serve others"};
  // Kept, or nothing is served: PNEs are told it, and remember it.
  CPNS_TRY(const auto node_id, pngw::keep_node_id(context_.folder.node_id(), context_.random));
  pngw::RelayLimits limits;
  limits.connections = config_.connections_per_device;
  limits.bytes_per_second = config_.bytes_per_second;
  limits.idle = config_.idle;
  limits.only_cpns = config_.only_cpns;
  relay_.emplace(pairings_->store(), upstream_, node_id, context_.log, limits);
  pngw::RunContext run{executor_,
                       nullptr,
                       pairings_->store(),
                       context_.random,
                       context_.log,
                       record.credential->server_id,
                       record.credential->pn_gw_id,
                       pngw::system_now};
  service_.emplace(std::move(run), std::move(engines), *relay_);
  runtime::Listener::OnConnection on_connection = [this](asio::ip::tcp::socket socket) {
    asio::co_spawn(executor_, service_->serve(std::move(socket)), runtime::unattended);
  };
  asio::co_spawn(executor_, listener_->run("pan", context_.log, std::move(on_connection)), runtime::unattended);
  service_->start();
  CPNS_CHECK(pngw::leave_endpoints(context_.folder.pan_address(), endpoints));
  context_.tell("PNEs are served at " + endpoints.front().text() + ": `cpns-device invite` makes codes for them.");
  return {};
}

void PanModule::stop() {
  if (listener_) listener_->stop();
  if (service_) service_->stop();
  std::error_code ignored;
  std::filesystem::remove(context_.folder.pan_address(), ignored);
}

Result<std::vector<stream::NodeId>> served_nodes(const DeviceFolder& folder,
                                                 const PanModule::OpenPairings& open_pairings) {
  std::error_code ignored;
  if (!open_pairings || !std::filesystem::exists(folder.pan_database(), ignored)) return std::vector<stream::NodeId>();
  CPNS_TRY(const auto pairings, open_pairings(folder));
  return pairings->store().list_nodes(stream::kMaxServes);
}

}  // namespace cpns::device
