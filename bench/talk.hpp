#pragma once
// What a client of the load says to a server once its handshake is complete: one request, until it is answered.

#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"

namespace cpns::bench {

/// Who a client is. For a PSK: identity, key, and of a CM Device its ID; with certificates nothing.
struct Caller {
  std::string identity;
  Bytes psk;
  std::string cm_device_id;
};

class Talk {
 public:
  virtual ~Talk() = default;
  [[nodiscard]] virtual Bytes request() = 0;
  /// `received` is everything that has come so far. True when the answer is complete; throws std::runtime_error where
  /// it is another answer than it has to be.
  [[nodiscard]] virtual bool answered(ByteView received) = 0;
  /// What is said before the connection is closed.
  [[nodiscard]] virtual Bytes farewell() { return {}; }
};

/// `cpns`: LinkHello both ways, and the fresh alias that a device is given [T5, T6]. `mqtt`: CONNECT and CONNACK.
/// `http`: GET of a page of six bytes. Throws std::runtime_error for another kind.
[[nodiscard]] std::unique_ptr<Talk> make_talk(const std::string& kind, const Caller& caller);
/// The protocols that a client of this kind offers (ALPN, as on the wire); empty for none.
[[nodiscard]] std::string alpn_of(const std::string& kind);

/// Lines of `IDENTITY KEY [CM_DEVICE_ID]`, the key in hexadecimal. Throws std::runtime_error.
[[nodiscard]] std::vector<Caller> read_callers(const std::string& file);

}  // namespace cpns::bench
