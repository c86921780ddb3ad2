#pragma once
// Where the PN GW module of a CM Device carries its PNEs' connections to: streams of the device's own session, whatever
// link carries that.

#include "device/link_keeper.hpp"
#include "pngw/relay_upstream.hpp"

namespace cpns::device {

class SessionUpstream final : public pngw::RelayUpstream {
 public:
  /// `links` must outlive it.
  explicit SessionUpstream(LinkKeeper& links) : links_(links) {}
  [[nodiscard]] runtime::Task<Result<Opened>> open(stream::RelayOpen request) override;
  [[nodiscard]] std::vector<stream::NodeId> path() const override { return links_.path(); }

 private:
  LinkKeeper& links_;
};

}  // namespace cpns::device
