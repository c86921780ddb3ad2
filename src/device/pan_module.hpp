#pragma once
// The PN GW module of a CM Device in PNE+PN GW mode: serves PNEs on its own PAN with the library that cpns-gateway
// uses, and carries them over this device's session. Gives out no IDs and keys: that is an External PN GW's to do.

#include <functional>

#include "device/device_config.hpp"
#include "device/session_upstream.hpp"
#include "pngw/pan_service.hpp"
#include "runtime/listener.hpp"

namespace cpns::device {

class PanModule {
 public:
  /// An open store, with what it needs inside.
  class Pairings {
   public:
    virtual ~Pairings() = default;
    [[nodiscard]] virtual store::PairingStore& store() = 0;
  };
  using OpenPairings = std::function<Result<std::unique_ptr<Pairings>>(const DeviceFolder& folder)>;

  /// `context` and `links` must outlive it and the loop's last run.
  PanModule(runtime::asio::any_io_executor executor, const Context& context, const DeviceConfig::Pan& config,
            LinkKeeper& links);
  ~PanModule();

  /// Serves from now on and leaves its address for `invite`. Fails with `listen_failed`, a Store or a tls error.
  [[nodiscard]] Result<void> open(const OpenPairings& open_pairings);
  void stop();

 private:
  runtime::asio::any_io_executor executor_;
  const Context& context_;
  DeviceConfig::Pan config_;
  SessionUpstream upstream_;
  std::unique_ptr<Pairings> pairings_;
  std::optional<pngw::PanRelay> relay_;
  std::optional<pngw::PanService> service_;
  std::optional<runtime::Listener> listener_;
};

/// The node_ids of PNEs that have joined the device of this folder, at most stream::kMaxServes, the latest first. None
/// where it has never served any. Fails with a Store error.
[[nodiscard]] Result<std::vector<stream::NodeId>> served_nodes(const DeviceFolder& folder,
                                                               const PanModule::OpenPairings& open_pairings);

}  // namespace cpns::device
