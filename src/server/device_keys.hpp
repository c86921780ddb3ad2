#pragma once
// Steps 12 and 13 on the Server: from an offered identity to a key. Whoever may not connect gets a random key after the
// same work, so that neither the wire nor the time tells why [T2]; the true reason is kept for our own log.

#include <memory>

#include "core/assign/direct_link.hpp"
#include "runtime/asio.hpp"
#include "server/context.hpp"

namespace cpns::server {

/// What one handshake has found out. Its owner logs `refusal` when the handshake has failed.
struct KeyLookup {
  std::optional<store::DeviceInfo> device;  ///< the device that the identity names, if there is one
  std::optional<assign::DeviceFound> found;
  std::optional<Error> refusal;
};

class DeviceKeys {
 public:
  DeviceKeys(Context& context, bool plain_allowed);

  /// Reads the store, some microseconds.
  [[nodiscard]] secret::TlsPsk look_up(const std::string& identity, KeyLookup& lookup) const;
  /// True where a device with this state and end may connect now.
  [[nodiscard]] static assign::DeviceStanding standing(const store::DeviceInfo& info, ids::UnixTime now);

 private:
  [[nodiscard]] Result<std::optional<store::Device>> find(const std::string& identity) const;

  Context& context_;
  bool plain_allowed_;
  ids::CmDeviceId decoy_id_;
  Bytes decoy_seed_;  ///< sealed; opened where there is no row, so that both ways cost the same
};

}  // namespace cpns::server
