#pragma once
// A NAT on one path, for TCP over IPv4: connections of the inner host leave from other ports, and a rebinding gives
// them new ones while they are open, as home routers do when they restart or run out of memory. Pure.

#include <cstdint>
#include <map>
#include <span>

namespace cpns::test {

/// What becomes of connections that were open at a rebinding.
enum class Rebinding : std::uint8_t {
  NewPort,  ///< they go on from another port; the server knows no such connection and resets it
  Silent,   ///< their packets vanish; only new connections work
};

class Nat {
 public:
  /// Rewrites the source port of an IPv4 packet that leaves. False: drop it.
  [[nodiscard]] bool outward(std::span<std::uint8_t> packet);
  /// Rewrites the destination port of one that comes. False: drop it.
  [[nodiscard]] bool inward(std::span<std::uint8_t> packet);
  void rebind(Rebinding how);

 private:
  std::map<std::uint16_t, std::uint16_t> outer_of_, inner_of_;
  Rebinding how_ = Rebinding::NewPort;
  bool rebound_ = false;
  std::uint16_t next_ = 0;
};

/// Payload of a TCP segment over IPv4; empty for anything else.
[[nodiscard]] std::span<const std::uint8_t> tcp_payload(std::span<const std::uint8_t> packet);

}  // namespace cpns::test
