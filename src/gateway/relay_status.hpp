#pragma once
// What a running PN GW carries, for `cpns-gateway status`, which is another process: run/status.sock in its folder,
// mode 0600. Whoever connects gets one line of JSON and the end. No secret in it.

#include <optional>
#include <string>

#include "gateway/gateway_folder.hpp"
#include "pngw/pan_relay.hpp"
#include "runtime/unix_listener.hpp"

namespace cpns::gateway {

struct RelayStatus {
  pngw::RelayLimits limits;  ///< as the process has them: its file may say otherwise by now
  std::size_t opening = 0;   ///< connections that are asked for and not yet carried
  std::vector<pngw::PanRelay::Carried> carried{};
};

[[nodiscard]] RelayStatus status_of(const pngw::PanRelay& relay);
/// One line, without its end.
[[nodiscard]] std::string line_of(const RelayStatus& status);
/// Nothing where it is no such line: the process is of another version.
[[nodiscard]] std::optional<RelayStatus> parse_line(std::string_view line);

/// The side of `run`: answers until the listener is stopped. `relay` must outlive it; on its thread.
[[nodiscard]] runtime::Task<void> tell_status(runtime::UnixListener* listener, const pngw::PanRelay* relay);
/// The side of `status`: blocking, some seconds at most. Nothing where nobody answers.
[[nodiscard]] std::optional<RelayStatus> ask_relay_status(const GatewayFolder& folder);

}  // namespace cpns::gateway
