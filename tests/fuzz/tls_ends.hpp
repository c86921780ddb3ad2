#pragma once
// The two kinds of end of a TLS connection that fuzz_tls_differential sets against each other: the project's engine,
// and libssl used directly, with none of our code. Each is a machine between two byte queues. Not thread-safe.

#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "tls/engine.hpp"

namespace cpns::fuzz {

/// One end of a connection.
class TlsEnd {
 public:
  virtual ~TlsEnd() = default;
  /// Takes bytes of the other end and goes on with the handshake. A client that is fed nothing makes its ClientHello.
  virtual void feed(ByteView bytes) = 0;
  /// All bytes for the other end, alerts too.
  virtual Bytes take() = 0;
  /// The handshake is complete and nothing has failed since.
  [[nodiscard]] virtual bool open() const = 0;
  /// All plaintext that is there.
  virtual Bytes read() = 0;
  /// Only while open.
  virtual void write(ByteView plaintext) = 0;
  /// Sends close_notify. Only while open.
  virtual void close() = 0;
  /// New keys for what this end sends, and for the other direction where `both`. An engine has no such thing.
  virtual void update_keys(bool both) = 0;
  [[nodiscard]] virtual std::string alpn() const = 0;
  /// 32 bytes of the exporter that a renewal is bound to [R1]. Only while open.
  [[nodiscard]] virtual Bytes exporter() const = 0;
};

/// What an end offers or accepts.
struct TlsEndSettings {
  bool server = false;
  bool right_key = true;
  std::vector<std::string> alpn;
  tls::EngineKind kind = tls::EngineKind::OpenSsl;  ///< of the engine
  bool p256 = false;                                ///< the engine as a server: it accepts P-256 too
  // The rest is for libssl alone.
  std::string suites = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
  std::string groups = "X25519";
  bool tls12 = false;        ///< speaks nothing newer
  bool tickets = false;      ///< a server sends two tickets, which nobody asked for
  bool also_psk_ke = false;  ///< a client offers the mode without forward secrecy too
};

[[nodiscard]] std::unique_ptr<TlsEnd> make_engine_end(const TlsEndSettings& settings);
[[nodiscard]] std::unique_ptr<TlsEnd> make_libssl_end(const TlsEndSettings& settings);

}  // namespace cpns::fuzz
