#pragma once
// Who speaks, as the Server has it proved: a CM Device by its key, or a PNE without one by those who vouch for it.

#include <optional>
#include <string>
#include <variant>

#include "core/stream/frame.hpp"

namespace cpns::server {

/// A CM Device, as the direct link proved it.
struct VerifiedDevice {
  ids::CmDeviceId cm_device_id;
  ids::PnGwId pn_gw_id;
  bool operator==(const VerifiedDevice&) const = default;
};

/// A PNE without a key, whose messages came hop by hop: the PN GW names it, and answers for it.
struct VerifiedPne {
  ids::PnGwId pn_gw_id;  ///< whose subscription carries it; that of `via` where a CM Device does
  stream::PairingRef pairing_id;
  ids::DeviceName pne_name;
  std::optional<ids::CmDeviceId> via;  ///< the CM Device in PNE+PN GW mode that serves it
  /// A name is what people call it, and may change.
  bool operator==(const VerifiedPne& other) const {
    return pn_gw_id == other.pn_gw_id && pairing_id == other.pairing_id && via == other.via;
  }
};

using Caller = std::variant<VerifiedDevice, VerifiedPne>;

/// One word for logs: the CM Device ID, or `pne <pairing_id>`.
[[nodiscard]] inline std::string text_of(const Caller& caller) {
  if (const auto* device = std::get_if<VerifiedDevice>(&caller)) return device->cm_device_id.text();
  return "pne " + std::get<VerifiedPne>(caller).pairing_id.hex();
}
[[nodiscard]] inline const ids::PnGwId& pn_gw_of(const Caller& caller) {
  return std::visit([](const auto& one) -> const ids::PnGwId& { return one.pn_gw_id; }, caller);
}
/// The CM Device whose revocation ends it: itself, or the one that carries it.
[[nodiscard]] inline std::optional<ids::CmDeviceId> device_of(const Caller& caller) {
  if (const auto* device = std::get_if<VerifiedDevice>(&caller)) return device->cm_device_id;
  return std::get<VerifiedPne>(caller).via;
}

}  // namespace cpns::server
