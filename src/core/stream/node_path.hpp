#pragma once
// Whether paths of node_ids close a circle or grow too long [X10] (docs/relay.md): when a PNE joins, when a connection
// is to be carried, and once more at the Server. Pure.
//
// A *standing path* goes by pairings: a PN GW itself, the PN GW that it is paired with, and so on, as far as it has
// been told, whatever links are up. A *travelled path* is that of one RelayOpen: the PNE's own node_id, then that of
// each PN GW which it has passed.

#include <span>

#include "core/stream/frame.hpp"

namespace cpns::stream {

using NodePath = std::span<const NodeId>;

[[nodiscard]] bool holds(NodePath path, const NodeId& node) noexcept;

/// May `joining`, which serves the PNEs `serves`, join the PN GW whose standing path this is, its own node_id first?
/// Both ends ask. Fails with `relay_loop` where it, or one that it serves, is on the path, and with `relay_too_long`
/// where more than kMaxHops PN GWs are.
///
/// The PN GW itself may be in `serves`: it speaks for its own pairing, and may have left a PN GW that still lists it.
[[nodiscard]] Result<void> check_join(const NodeId& joining, NodePath serves, NodePath standing);

/// May the PN GW `own` carry on what has come this way? `upstream`: the PN GWs between it and the Server on the link
/// that it uses now. Fails with `relay_loop` or `relay_too_long`.
[[nodiscard]] Result<void> check_carry(NodePath travelled, const NodeId& own, NodePath upstream);

/// Does the Server take it? At least one PN GW and at most kMaxHops, none of them twice. Fails with
/// `message_not_for_server`, `relay_too_long` or `relay_loop`.
[[nodiscard]] Result<void> check_at_server(NodePath travelled);

}  // namespace cpns::stream
