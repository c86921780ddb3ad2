#pragma once
// One refused handshake as a listener on the wire sees it: the exact bytes of the server, how the connection ends, and
// how long the server took to answer.

#include <chrono>
#include <string>

#include "core/base/bytes.hpp"

namespace cpns::interop {

struct Refusal {
  Bytes from_server;                    ///< all that the server sent
  bool reset = false;                   ///< the connection ended by RST instead of FIN
  std::chrono::microseconds to_answer;  ///< from the ClientHello's last byte to the server's first
  std::chrono::microseconds to_end;     ///< from there to the connection's end
};

struct ExportedPsk;

/// Offers `psk` to 127.0.0.1:port. Fails the test where the server goes silent.
[[nodiscard]] Refusal offer(std::uint16_t port, const ExportedPsk& psk);

}  // namespace cpns::interop
