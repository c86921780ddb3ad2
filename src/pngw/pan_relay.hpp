#pragma once
// PNE mode at the PN GW: carries connections of its devices to the next hop, within limits, and sees lengths only. The
// same for an External PN GW and for a CM Device in PNE+PN GW mode. On the thread of the executor.

#include <functional>
#include <map>
#include <vector>

#include "core/stream/relay_message.hpp"
#include "pngw/relay_upstream.hpp"
#include "runtime/log.hpp"
#include "runtime/splice.hpp"
#include "store/pairing_store.hpp"

namespace cpns::pngw {

/// ALPN of a PAN connection that is to be carried; identities `pan-<pairing_id>` only.
inline constexpr std::string_view kPanRelayAlpn = "cpns-pan-relay/1";

struct RelayLimits {
  bool enabled = true;
  std::size_t connections = 16;             ///< of one device at once
  std::size_t all_connections = 1'024;      ///< of all devices together
  std::uint64_t bytes_per_second = 0;       ///< of one device, each way, all its connections together; 0: no limit
  std::chrono::milliseconds idle{600'000};  ///< of one connection, in both directions
  bool only_cpns = false;                   ///< carries nothing but TLS for cpns/1 and hop-by-hop signalling
  std::chrono::milliseconds first_message{10'000};  ///< RelayOpen; with only_cpns the whole ClientHello too
  std::chrono::milliseconds after_end{10'000};      ///< once one end has said its last word, the other has so long
};

/// For logs and people.
[[nodiscard]] std::string_view name_of(stream::RelayOpen::Kind kind) noexcept;

class PanRelay {
 public:
  /// All must outlive it. `own` is kept (node_id.hpp): a device that joins elsewhere offers the same one, so that a
  /// circle is seen.
  PanRelay(store::PairingStore& pairings, RelayUpstream& upstream, stream::NodeId own, runtime::Log& log,
           RelayLimits limits)
      : pairings_(pairings), upstream_(upstream), log_(log), limits_(limits), node_id_(own) {}

  /// One connection, authenticated as `peer`, from its RelayOpen to its end. The caller shuts the link down.
  [[nodiscard]] runtime::Task<Result<void>> serve(std::shared_ptr<runtime::SecureLink> link, store::PairingId peer);
  /// What a PNE that joins is told: the standing path from here, at most kMaxHops. Fails with `relay_loop` or
  /// `relay_too_long`; nothing has been done for it then [X10].
  [[nodiscard]] Result<std::vector<stream::NodeId>> path_for(const stream::JoinRequest& request) const;
  /// Ends all that it carries.
  void stop();
  [[nodiscard]] std::size_t carried() const noexcept { return links_.size(); }
  /// One connection whose bytes it passes on now.
  struct Carried {
    store::PairingId peer;
    stream::RelayOpen::Kind kind{};
    ids::UnixTime since;
    std::uint64_t bytes_up = 0;  ///< towards the Server
    std::uint64_t bytes_down = 0;
  };
  /// The oldest first. Those that are only being opened are not among them.
  [[nodiscard]] std::vector<Carried> now_carried() const;
  [[nodiscard]] const RelayLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] const stream::NodeId& node_id() const noexcept { return node_id_; }

 private:
  struct Device {
    std::size_t connections = 0;
    std::shared_ptr<runtime::Pace> up;
    std::shared_ptr<runtime::Pace> down;
  };
  using Link = std::shared_ptr<runtime::SecureLink>;

  [[nodiscard]] Result<stream::RelayOpen> check(stream::RelayOpen request, const store::PairingId& peer) const;
  /// One connection whose request has been granted.
  struct Granted {
    stream::RelayOpen::Kind kind{};
    std::shared_ptr<runtime::ByteStream> device;  ///< bare where the device has its own TLS to the Server
    std::shared_ptr<runtime::ByteStream> pipe;    ///< to the next hop
  };
  /// From RelayOpen to RelayReady. What it fails with is what the device is told by an Alert.
  [[nodiscard]] runtime::Task<Result<Granted>> grant(Link link, store::PairingId peer);
  [[nodiscard]] runtime::Task<Result<void>> carry(Link link, Granted granted, std::uint64_t number,
                                                  runtime::SpliceLimits limits);
  void leave(const store::PairingId& peer);
  /// This PN GW, the one that it is paired with, and so on.
  [[nodiscard]] std::vector<stream::NodeId> standing_path() const;
  [[nodiscard]] Result<void> may_begin(const store::PairingId& peer) const;
  /// With only_cpns: lets the first bytes through when they are a ClientHello for cpns/1.
  [[nodiscard]] runtime::Task<Result<void>> let_hello_through(std::shared_ptr<runtime::ByteStream> from,
                                                              std::shared_ptr<runtime::ByteStream> to);

  store::PairingStore& pairings_;
  RelayUpstream& upstream_;
  runtime::Log& log_;
  RelayLimits limits_;
  stream::NodeId node_id_;
  std::map<store::PairingId, Device> devices_;
  struct Open {
    store::PairingId peer;
    std::function<void()> end;
    stream::RelayOpen::Kind kind{};
    ids::UnixTime since{};
    std::shared_ptr<runtime::Spliced> bytes{};  ///< from the moment on that it carries
  };
  std::map<std::uint64_t, Open> links_;
  std::uint64_t next_link_ = 0;
};

}  // namespace cpns::pngw
