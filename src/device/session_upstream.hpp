#pragma once
// Where the PN GW module of a CM Device carries its PNEs' connections to: streams of the device's own session, whatever
// link carries that.

#include "device/link_keeper.hpp"
#include "pngw/relay_upstream.hpp"

namespace cpns::device {

class SessionUpstream final : public pngw::RelayUpstream {
 public:
  /// Both must outlive it.
  SessionUpstream(LinkKeeper& links, const Context& context) : links_(links), context_(context) {}
  [[nodiscard]] runtime::Task<Result<Opened>> open(stream::RelayOpen request) override;
  [[nodiscard]] std::vector<stream::NodeId> path() const override { return links_.path(); }
  [[nodiscard]] std::vector<stream::NodeId> standing_path() const override;

 private:
  LinkKeeper& links_;
  const Context& context_;
};

}  // namespace cpns::device
