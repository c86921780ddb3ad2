#pragma once
// The messages by which a connection comes to be carried, and by which a PNE without a key joins (docs/relay.md). Pure.

#include "core/stream/frame.hpp"

namespace cpns::stream {

/// The answer to a RelayOpen: from here on the connection is a pipe of bytes.
struct RelayReady {
  std::vector<NodeId> path;  ///< from the answering PN GW up to the Server, at most kMaxHops; empty from the Server
  /// The same by pairings, whatever links are up (node_path.hpp).
  std::vector<NodeId> standing_path{};
};
struct JoinRequest {
  ids::DeviceName device_name;
  NodeId node_id;
  std::vector<NodeId> serves{};  ///< PNEs that have joined the sender, at most kMaxServes
};
/// What stands against joining [X10]. Sent: do not change the numbers.
enum class JoinRefusal : std::uint8_t { Loop = 1, TooLong = 2 };
struct JoinReply {
  std::vector<NodeId> standing_path;  ///< of the PN GW, its own first, 1 to kMaxHops; empty in a refusal
  std::optional<JoinRefusal> refusal{};
};

struct RelayMessage {
  ids::CorrelationId correlation_id;
  std::variant<RelayOpen, RelayReady, JoinRequest, JoinReply> body;
};

/// True where `message` (an encoded cpns.v1.Message, without its length) is one of these. Cheap; parses nothing.
[[nodiscard]] bool is_relay_message(ByteView message) noexcept;
/// Fails as assign::parse does.
[[nodiscard]] Result<RelayMessage> parse_relay_message(ByteView message);
/// One message, without its length.
[[nodiscard]] Bytes encode_relay_message(const RelayMessage& message);

}  // namespace cpns::stream
