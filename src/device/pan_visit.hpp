#pragma once
// One PAN link of a device, from an open link to the receipt.

#include "core/assign/device_session.hpp"
#include "core/stream/relay_message.hpp"
#include "device/context.hpp"
#include "pngw/pan_identity.hpp"
#include "runtime/link.hpp"

namespace cpns::device {

class PanVisit {
 public:
  /// `context` must outlive it.
  PanVisit(const Context& context, std::shared_ptr<runtime::SecureLink> link, pngw::PanIdentityKind kind);

  /// Asks for an assignment, stores the credential, acknowledges it. Fails with the refusal of either side.
  [[nodiscard]] runtime::Task<Result<void>> run(ids::DeviceName name);

  /// Joins as a PNE, without asking for an assignment. Fails with `peer_refused` or what the link fails with, with
  /// `relay_loop` or `relay_too_long` where either side sees such a path [X10], and where this device's node_id or the
  /// PNEs that it serves cannot be read.
  [[nodiscard]] runtime::Task<Result<void>> join(ids::DeviceName name);

 private:
  using Session = assign::DeviceSession;

  /// After the code's first link: the key of later links, durable before the first message [G3].
  [[nodiscard]] Result<void> save_pan_key();
  /// The standing path from the PN GW, checked on this side too.
  [[nodiscard]] Result<std::vector<stream::NodeId>> check_reply(stream::JoinReply reply,
                                                                const stream::JoinRequest& request) const;
  /// The PN GW has answered under the later key: the code's secret has done its work.
  [[nodiscard]] Result<void> forget_code();
  [[nodiscard]] Result<assign::Durable> save_credential(assign::Credential credential);
  /// True where the run is over, well.
  [[nodiscard]] runtime::Task<Result<bool>> perform(Session* session, Session::Result result);
  [[nodiscard]] runtime::Task<void> wait_for_end();

  const Context& context_;
  std::shared_ptr<runtime::SecureLink> link_;
  runtime::MessageLink messages_;
  pngw::PanIdentityKind kind_;
  ids::CorrelationId run_;
};

}  // namespace cpns::device
