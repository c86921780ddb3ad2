#pragma once
// `cpns-device run`: completes an unfinished pairing, then keeps the session's links as PN GW activation says, and
// serves the applications and PNEs beside this device.

#include "device/control.hpp"
#include "device/device_config.hpp"
#include "device/http_proxy.hpp"
#include "device/link_keeper.hpp"
#include "device/pair.hpp"
#include "device/pan_module.hpp"
#include "device/ports.hpp"
#include "runtime/network_watch.hpp"

namespace cpns::device {

struct RunLimits {
  PairLimits pair;
  LinkLimits links;
};

/// On the thread of the loop.
class DeviceRunner {
 public:
  /// `context` and what it refers to must outlive it and the loop's last run. `pairings`: where the PN GW module keeps
  /// its PNEs; called only where the configuration wants one.
  DeviceRunner(runtime::asio::any_io_executor executor, const Context& context, DeviceConfig config,
               PanModule::OpenPairings pairings, RunLimits limits = {});
  ~DeviceRunner();

  /// Ends with an error where going on makes no sense: not paired, pairing refused, key expired.
  [[nodiscard]] runtime::Task<Result<void>> run(std::optional<ids::DeviceName> name);
  void stop();

 private:
  [[nodiscard]] Result<void> open_services();
  void take(const activation::Event& event);
  void perform(const activation::Action& action);
  void on_failed(Way way, const Error& error);
  void on_ended(Way way, const Result<void>& ended);
  void told_return_within(activation::Millis within);
  void publish();
  void count_streams();
  void arm();
  void end(std::optional<Error> error);
  /// Where the key is due, or the Server asks for it: once at a time, and not again and again.
  void maybe_renew(bool invited);
  static runtime::Task<void> renew_now(DeviceRunner* self);
  void look_at_key(bool soon);

  runtime::asio::any_io_executor executor_;
  const Context& context_;
  DeviceConfig config_;
  PanModule::OpenPairings open_pairings_;
  RunLimits limits_;
  activation::Activation activation_;
  activation::Millis return_within_{0};  ///< as it is kept
  LinkKeeper links_;
  LocalPorts ports_;
  HttpProxy proxy_;
  ControlSocket control_;
  std::optional<PanModule> pan_;
  std::optional<runtime::NetworkWatch> network_;
  RunStatus status_;                   ///< as last published
  runtime::asio::steady_timer due_;    ///< of the activation
  runtime::asio::steady_timer count_;  ///< when the streams are counted next
  runtime::asio::steady_timer settle_;
  runtime::asio::steady_timer key_;    ///< when the key's age is looked at next
  runtime::asio::steady_timer ended_;  ///< never expires; cancelled when the run is over
  std::optional<Error> error_;
  std::string cause_;
  bool wished_ = false;
  bool stopped_ = false;
  bool renewing_ = false;
  std::weak_ptr<runtime::SecureLink> renewal_link_;
  std::optional<std::chrono::steady_clock::time_point> renewal_tried_;
};

}  // namespace cpns::device
