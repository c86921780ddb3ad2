#pragma once
// One assignment on the PN GW: walks an assign::GatewaySession between a device's PAN link, the operator link and the
// store, doing what it says in the order it says. Outlives its PAN link where the protocol wants it to: from step 8 on
// the Server may have made the assignment active, and the credential must not be lost [G2].

#include <functional>
#include <memory>

#include "core/assign/gateway_session.hpp"
#include "core/crypto/random.hpp"
#include "pngw/operator_link.hpp"
#include "pngw/outbox.hpp"
#include "runtime/log.hpp"
#include "store/pairing_store.hpp"

namespace cpns::pngw {

/// What all runs of one PN GW share; outlives them.
struct RunContext {
  runtime::asio::any_io_executor executor;
  OperatorLink* operator_link;  ///< none: this PN GW assigns no IDs and keys
  store::PairingStore& pairings;
  crypto::Random& random;
  runtime::Log& log;
  ids::ServerId server_id;  ///< as the operator link authenticates it [K3]
  ids::PnGwId pn_gw_id;     ///< this PN GW's own
  std::function<assign::Now()> now;
};

/// The system's time, as sessions want it.
[[nodiscard]] assign::Now system_now();

/// On the thread of the executor; held by whoever keeps the list of runs, and by writes under way.
class PanRun final : public OperatorLink::Run, public std::enable_shared_from_this<PanRun> {
 public:
  PanRun(const RunContext& context, store::PairingId peer, ids::CorrelationId id, std::shared_ptr<Outbox> device,
         std::function<void()> on_over);

  /// The device's ActivationRequest: step 0, or step 11 at once where a credential waits since an earlier run [G2].
  /// Fails with `operator_link_is_down` or `run_exists_already`; the caller tells the device.
  [[nodiscard]] Result<void> begin(assign::Message request);
  void on_device_message(assign::Message message);
  void on_pan_link_lost();
  void on_server_message(assign::Message message, ByteView raw) override;
  void on_operator_link_lost() override;
  void on_operator_link_restored() override;
  /// From a clock that ticks a few times a second.
  void on_time();

  [[nodiscard]] bool over() const noexcept { return over_; }

 private:
  [[nodiscard]] Result<void> deliver_again(assign::Message request, assign::Credential credential);
  void apply(assign::GatewaySession::Result result);
  void act(assign::GatewaySession::SendToServer action);
  void act(assign::GatewaySession::SendToDevice action);
  void act(assign::GatewaySession::SaveCredential action);
  void act(assign::GatewaySession::EraseCredential action);
  void act(assign::StepDone action);
  void end();

  const RunContext& context_;
  store::PairingId peer_;
  assign::GatewaySession session_;
  std::shared_ptr<Outbox> device_;  ///< nullptr after the PAN link is lost
  std::function<void()> on_over_;
  bool attached_ = false;  ///< this run has messages on the operator link
  bool erasing_ = false;   ///< the receipt is here; the link closes when the sealed copy is gone
  bool over_ = false;
};

}  // namespace cpns::pngw
