#pragma once
// The frames of a session (docs/streams.md): what travels in `Message.stream` on a link of ALPN cpns/1. Pure encoding
// and parsing; everything a peer can get wrong about form is refused here. Data is written and read without a copy.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/result.hpp"
#include "core/ids/ids.hpp"

namespace cpns::stream {

using StreamId = std::uint32_t;  ///< 1 and up, rising within a session, never used again
using ResumeToken = ids::OpaqueId<16, struct ResumeTokenTag>;
/// A device or gateway that relays or joins: random, kept in its folder, so that loops are seen. No secret.
using NodeId = ids::OpaqueId<16, struct NodeIdTag>;
using PairingRef = ids::OpaqueId<8, struct PairingRefTag>;

inline constexpr std::size_t kMaxData = 16'000;   ///< bytes in one StreamData: one frame, one TLS record
inline constexpr std::size_t kMaxStreams = 1024;  ///< that a SessionOpen or SessionAccept may list
inline constexpr std::size_t kMaxHops = 4;        ///< PN GWs between a PNE and the Server
inline constexpr std::size_t kMaxServes = 32;     ///< PNEs that a JoinRequest may list
inline constexpr std::size_t kMaxServiceName = 63;
/// Offsets and windows stay below it, so that no sum of them can overflow.
inline constexpr std::uint64_t kMaxOffset = std::uint64_t{1} << 62U;

/// What a PNE asks its PN GW to carry, and how it came this far. Each PN GW appends its own node_id to `path`.
struct RelayOpen {
  enum class Kind : std::uint8_t {
    EndToEnd = 1,  ///< the device's own TLS to the Server, as on a direct link
    Pne = 2,       ///< cpns/1 messages, protected hop by hop; for a PNE without a key
  };
  Kind kind;
  std::optional<ids::DeviceName> pne_name;  ///< as the first PN GW knows it; the PNE itself leaves it out
  std::optional<PairingRef> pairing_id;     ///< likewise
  std::vector<NodeId> path;                 ///< the PNE's own first, then at most kMaxHops
};

/// What a stream is to reach.
struct ServiceTarget {
  std::string name;  ///< 1-63 of a-z, 0-9 and -
  enum class Protocol : std::uint8_t { Raw = 1, Http = 2 } protocol;
};
using StreamTarget = std::variant<ServiceTarget, RelayOpen>;

/// Stored in logs and sent: do not change the numbers.
enum class ResetReason : std::uint8_t {
  Cancelled = 1,       ///< the application gave it up
  ServiceUnknown = 2,  ///< no service of that name, or not of that protocol
  ServiceRefused = 3,  ///< the service did not take the connection, or broke it off
  Limit = 4,           ///< too many streams
  SessionLost = 5,     ///< never sent: the session could not be resumed
  Relay = 6,           ///< refused as a relay: a loop, too many hops
  // Answers, which are never answered themselves:
  Confirmed = 7,  ///< to a reset: it is here
  Finished = 8,   ///< to a frame of a stream that this side has had all of and has forgotten
};
inline constexpr std::uint32_t kLastResetReason = 8;

/// Where the receiver of a stream stands.
struct StreamPosition {
  StreamId stream;
  std::uint64_t received;  ///< all bytes before this offset are here
  bool ended;              ///< the peer's end is here too
};

struct SessionOpen {
  std::optional<ResumeToken> resume_token;  ///< none: a new session
  std::uint64_t initial_window;             ///< what each new stream may carry before the first StreamAck
  bool alone;  ///< this device has no other live link of the session: the Server takes those of lower numbers as lost
  bool preferred;        ///< carry data here from now on
  std::uint64_t number;  ///< rises with each SessionOpen of a session
  std::vector<StreamPosition> streams;
};
struct SessionAccept {
  ResumeToken resume_token;
  bool resumed;
  std::uint64_t initial_window;
  std::uint32_t max_streams;
  std::uint32_t resume_seconds;  ///< how long the Server keeps a session without a link
  std::vector<StreamPosition> streams;
};
struct SessionClose {};
struct StreamOpen {
  StreamId stream;
  StreamTarget target;
};
struct StreamAccept {
  StreamId stream;
};
struct StreamData {
  StreamId stream;
  std::uint64_t offset;
  bool end;       ///< these are the last bytes; may be without any
  ByteView data;  ///< at most kMaxData; points into the parsed bytes
};
struct StreamAck {
  StreamId stream;
  std::uint64_t received;
  std::uint64_t limit;  ///< the sender may send bytes before this offset; never goes back
  bool end_received;
};
struct StreamReset {
  StreamId stream;
  ResetReason reason;
};
struct LinkPrefer {
  std::uint64_t number;  ///< the highest wins
};
struct LinkDone {};

using Frame = std::variant<SessionOpen, SessionAccept, SessionClose, StreamOpen, StreamAccept, StreamData, StreamAck,
                           StreamReset, LinkPrefer, LinkDone>;

/// True where `message` (an encoded cpns.v1.Message, without its length) is a frame. Cheap; parses nothing.
[[nodiscard]] bool is_frame(ByteView message) noexcept;
/// Fails as assign::parse does.
[[nodiscard]] Result<Frame> parse_frame(ByteView message);
/// Name as in cpns.proto, for logs.
[[nodiscard]] std::string_view frame_name(const Frame& frame) noexcept;

/// Most bytes that encode_frame may need beyond `data`, its four bytes of length included.
inline constexpr std::size_t kMaxFrameOverhead = 64;
/// Appends one message with its four bytes of length in front.
void append_frame(Bytes& out, const ids::CorrelationId& run, const Frame& frame);

}  // namespace cpns::stream
