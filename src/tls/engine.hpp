#pragma once
// One TLS 1.3 connection as a machine: bytes in, bytes out, no sockets, no clock. The engine behind it is OpenSSL, or
// one of our own for external PSKs; nothing outside src/tls names OpenSSL's TLS.
//
// Use: feed() what came from the peer, then send all of take_output(); repeat for every call that may make output.
// While state() is WaitingForKey, look up key_request() (this may take its time: that is the suspension) and answer
// with provide_key(); the engine goes on from there. WaitingForExchange is the same for X25519, where the factory was
// told that somebody else makes it. Not thread-safe; one owner.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/secret/keys.hpp"
#include "tls/x25519/x25519.hpp"

namespace cpns::tls {

enum class EngineState : std::uint8_t {
  Handshaking,
  WaitingForKey,       ///< a server has seen a PSK identity and waits for provide_key()
  WaitingForExchange,  ///< a server has a client's share and the right key, and waits for provide_exchange()
  Open,                ///< the handshake is complete: on a server, the client's Finished has been verified [T7]
  Closed,              ///< close_notify received or sent
  Failed,              ///< an error ended it; an alert may still be in the output
};

/// What the peer has proved. Valid from Open on.
struct PeerIdentity {
  std::string psk_identity;                   ///< empty where certificates were used
  std::vector<std::string> certificate_uris;  ///< URI subjectAltNames of a verified peer certificate
  std::optional<std::array<std::uint8_t, 32>> certificate_sha256;
};

class Engine {
 public:
  virtual ~Engine() = default;

  /// Takes ciphertext from the peer. Fails with a tls error; then state() is Failed and take_output() holds the alert.
  [[nodiscard]] virtual Result<void> feed(ByteView ciphertext) = 0;
  /// Starts a client's handshake (makes the ClientHello); on a server nothing happens.
  [[nodiscard]] virtual Result<void> start() = 0;
  /// Moves up to `out.size()` bytes of ciphertext for the peer into `out`; 0 where there is none.
  [[nodiscard]] virtual std::size_t take_output(std::span<std::uint8_t> out) = 0;

  [[nodiscard]] virtual EngineState state() const = 0;

  /// The offered PSK identity, while WaitingForKey. Bytes chosen by the peer: at most 256, not necessarily text.
  [[nodiscard]] virtual std::string key_request() const = 0;
  /// Answers the request and goes on. The caller always gives a key, a random one for an identity it does not
  /// accept [T2]; nullopt only where an identity may fall through to certificates (operator link).
  [[nodiscard]] virtual Result<void> provide_key(std::optional<secret::TlsPsk> psk) = 0;

  /// The client's X25519 share, while WaitingForExchange. Only engines whose profile says exchange_later get there.
  [[nodiscard]] virtual x25519::Share exchange_request() const { return {}; }
  /// Answers that with a fresh key pair's share and secret, and goes on.
  [[nodiscard]] virtual Result<void> provide_exchange(x25519::Exchanged) {
    return Error{Code::tls_misused, "an exchange that was not asked for"};
  }

  /// Plaintext from the peer, up to `out.size()` bytes; 0 where there is none yet. Only while Open (or Closed: the
  /// rest).
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::uint8_t> out) = 0;
  /// False where read() is sure to give nothing before something more was fed.
  [[nodiscard]] virtual bool may_be_readable() const { return true; }
  /// Gives memory back that the next record makes anew: for a link on which nothing is said for a while.
  virtual void rest() {}
  /// Plaintext for the peer; all of it is taken. Only while Open.
  [[nodiscard]] virtual Result<void> write(ByteView plaintext) = 0;
  /// Sends close_notify. Reading what the peer still sends stays possible.
  virtual void close() = 0;
  /// The peer's close_notify is here: nothing more of it can be read.
  [[nodiscard]] virtual bool peer_closed() const = 0;
  /// What came behind the peer's close_notify, as it came: no TLS any more, and nobody has vouched for it.
  [[nodiscard]] virtual Bytes take_rest() = 0;

  [[nodiscard]] virtual std::string alpn() const = 0;  ///< negotiated protocol, empty where none
  [[nodiscard]] virtual PeerIdentity peer() const = 0;
  /// TLS exporter (RFC 8446 section 7.5) without context. Only while Open.
  [[nodiscard]] virtual Result<secret::SecretBuffer> exporter(std::string_view label, std::size_t size) = 0;
};

/// A PSK client's offer: one identity, one key, and the protocols it can speak.
struct PskOffer {
  std::string identity;
  secret::TlsPsk psk;
  std::vector<std::string> alpn;
};

/// External-PSK server profile of protocol.md section 4 [T1]: TLS 1.3, psk_dhe_ke, two cipher suites, nothing else.
struct PskServerProfile {
  std::vector<std::string> alpn;  ///< accepted protocols
  bool allow_client_without_alpn = false;
  bool allow_p256 = false;
  /// Whoever runs the engine answers exchange_request(), for many engines together; else the engine makes its exchange
  /// itself, at once. For EngineKind::Psk13 alone.
  bool exchange_later = false;
};

/// Certificates for the operator link [L1]. PEM text; the key's buffer is wiped on release.
struct CertificateProfile {
  Bytes certificate_chain_pem;
  secret::SecretBuffer private_key_pem;
  Bytes trusted_ca_pem;
  std::vector<std::string> alpn;
  std::string expected_server_name;  ///< client: the name that the server's certificate must carry [L1]
};

/// Makes engines of one kind; holds what they share. Thread-safe.
class EngineFactory {
 public:
  virtual ~EngineFactory() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<Engine>> make() = 0;
};

/// Who does the work behind an external PSK. Certificates are OpenSSL's always.
enum class EngineKind : std::uint8_t {
  OpenSsl,
  Psk13,  ///< src/tls/psk13 (docs/psk13.md)
};

[[nodiscard]] Result<std::unique_ptr<Engine>> make_psk_client(PskOffer offer, EngineKind kind = EngineKind::OpenSsl);
[[nodiscard]] Result<std::unique_ptr<EngineFactory>> make_psk_server_factory(PskServerProfile profile,
                                                                             EngineKind kind = EngineKind::OpenSsl);
[[nodiscard]] Result<std::unique_ptr<EngineFactory>> make_certificate_client_factory(CertificateProfile profile);
/// Requires a client certificate from a trusted CA, or an external PSK for `cpns-enroll/1` and `cpns-bearer/1` alone.
[[nodiscard]] Result<std::unique_ptr<EngineFactory>> make_certificate_server_factory(CertificateProfile profile);

}  // namespace cpns::tls
