#include "core/stream/node_path.hpp"

#include <algorithm>

namespace cpns::stream {
namespace {

Error loop(const NodeId& node) { return {Code::relay_loop, node.hex(), "a path that does not come back [X10]"}; }

Error too_long(std::size_t gateways) {
  return {Code::relay_too_long, std::to_string(gateways) + " PN GWs", "at most " + std::to_string(kMaxHops)};
}

}  // namespace

bool holds(NodePath path, const NodeId& node) noexcept {
  return std::find(path.begin(), path.end(), node) != path.end();
}

Result<void> check_join(const NodeId& joining, NodePath serves, NodePath standing) {
  if (holds(standing, joining)) return loop(joining);
  for (const auto& gateway : standing.subspan(standing.empty() ? 0 : 1)) {
    if (holds(serves, gateway)) return loop(gateway);
  }
  if (standing.size() > kMaxHops) return too_long(standing.size());
  return {};
}

Result<void> check_carry(NodePath travelled, const NodeId& own, NodePath upstream) {
  for (const auto& node : travelled) {
    if (node == own || holds(upstream, node)) return loop(node);
  }
  // The first is the PNE; this PN GW itself comes on top.
  const auto gateways = travelled.size() + upstream.size();
  if (gateways > kMaxHops) return too_long(gateways);
  return {};
}

Result<void> check_at_server(NodePath travelled) {
  if (travelled.size() < 2) {
    return Error{Code::message_not_for_server, std::to_string(travelled.size()) + " nodes on the path",
                 "the PNE and at least one PN GW"};
  }
  if (travelled.size() - 1 > kMaxHops) return too_long(travelled.size() - 1);
  for (std::size_t i = 1; i < travelled.size(); ++i) {
    if (holds(travelled.first(i), travelled[i])) return loop(travelled[i]);
  }
  return {};
}

}  // namespace cpns::stream
