#pragma once
// What this device has been told of the PN GWs between itself and the CPNS Server, by pairings (core/stream/
// node_path.hpp): so that a PNE which would close a circle is refused when it joins, not when it first wants something.

#include "core/stream/frame.hpp"
#include "device/device_folder.hpp"
#include "store/credential_store.hpp"

namespace cpns::device {

/// The PN GW of this pairing first. Empty where nothing was told under it: the file belongs to one pairing, and a
/// later one makes it void. A damaged file is as none: it decides nothing that RelayOpen does not decide again.
[[nodiscard]] std::vector<stream::NodeId> load_standing_path(const DeviceFolder& folder,
                                                             const store::PairingId& pairing);

/// Durable when this returns. Fails with `file_not_written`.
[[nodiscard]] Result<void> save_standing_path(const DeviceFolder& folder, const store::PairingId& pairing,
                                              const std::vector<stream::NodeId>& path);

/// At most kMaxHops. `text` is the file's: the pairing_id, then one node_id on each line, all in hex. Empty where it
/// has another form or is of another pairing. Pure.
[[nodiscard]] std::vector<stream::NodeId> parse_standing_path(std::string_view text, const store::PairingId& pairing);

}  // namespace cpns::device
