// Step 15, D -> S: the client's Finished. Only now has S authenticated D: a binder alone can be replayed [T7].

#include "core/assign/direct_link.hpp"

namespace cpns::assign {

Result<DeviceAuthenticated> on_client_finished(const DeviceFound& device, const std::optional<Error>& refusal) {
  // A completed handshake under a random key can't happen; if it ever does, the refusal still stands [T2].
  if (refusal) return *refusal;
  return DeviceAuthenticated{device.cm_device_id, device.pn_gw_id};
}

}  // namespace cpns::assign
