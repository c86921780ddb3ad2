#pragma once
// What bench_handshake measures: servers that take a ClientHello, answer it and verify a Finished, in memory.

#include <array>
#include <memory>

#include "core/base/bytes.hpp"

namespace cpns::bench {

using Buffer = std::array<std::uint8_t, 2048>;

class Server {
 public:
  virtual ~Server() = default;
  virtual void feed(ByteView bytes) = 0;
  virtual std::size_t take(Buffer& to) = 0;
  virtual bool open() = 0;
};

class Servers {
 public:
  virtual ~Servers() = default;
  virtual std::unique_ptr<Server> make() = 0;
  /// All of a group have been fed.
  virtual void settle() {}
};

#ifdef CPNS_BENCH_GNUTLS
/// GnuTLS used directly: external PSK, psk_dhe_ke with X25519, TLS_AES_128_GCM_SHA256. Throws std::runtime_error.
[[nodiscard]] std::unique_ptr<Servers> gnutls_servers();
#endif

}  // namespace cpns::bench
