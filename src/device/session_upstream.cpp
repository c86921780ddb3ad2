#include "device/session_upstream.hpp"

#include "device/standing_path.hpp"

namespace cpns::device {

runtime::Task<Result<pngw::RelayUpstream::Opened>> SessionUpstream::open(stream::RelayOpen request) {
  // A PNE that waited here for this device's own link would only wait at a place where it can't see why.
  if (!links_.up(Way::Direct) && !links_.up(Way::Gateway)) {
    co_return Error{Code::relay_upstream_is_down, "no link to the CPNS Server", "a link that is up"};
  }
  auto path = links_.path();
  stream::StreamTarget target = std::move(request);
  auto pipe = co_await links_.open(std::move(target));
  if (!pipe) co_return Error{Code::relay_refused, to_text(pipe.error())};
  co_return Opened{std::move(*pipe), std::move(path)};
}

std::vector<stream::NodeId> SessionUpstream::standing_path() const {
  const auto record = context_.store.load();
  if (!record || !record->gateway) return {};
  return load_standing_path(context_.folder, record->gateway->pairing_id);
}

}  // namespace cpns::device
