#pragma once
// tls::Engine over OpenSSL: one SSL object between two memory BIOs. The contexts (profile.hpp) direct OpenSSL's
// callbacks to the engine's on_* functions.

#include "core/secret/keys.hpp"
#include "tls/engine.hpp"
#include "tls/openssl.hpp"

namespace cpns::tls {

/// ALPN of enrolment: opened by an external PSK alone, where certificates are the rule.
/// What a token opens at the operator port, and a certificate does not: enrolment, and the bearer of an IMS user.
inline constexpr std::array<std::string_view, 2> kTokenProtocols{"cpns-enroll/1", "cpns-bearer/1"};
[[nodiscard]] constexpr bool is_token_protocol(std::string_view name) {
  return name == kTokenProtocols[0] || name == kTokenProtocols[1];
}

/// What one kind of engine accepts; shared by all of them and constant.
struct Rules {
  enum class Role : std::uint8_t { PskClient, PskServer, CertificateClient, CertificateServer };
  Role role;
  std::vector<std::string> alpn;
  bool allow_client_without_alpn = false;

  [[nodiscard]] bool is_server() const { return role == Role::PskServer || role == Role::CertificateServer; }
};

class OpenSslEngine final : public Engine {
 public:
  OpenSslEngine(SslPtr ssl, std::shared_ptr<const Rules> rules, std::optional<PskOffer> offer);
  ~OpenSslEngine() override;
  OpenSslEngine(const OpenSslEngine&) = delete;
  OpenSslEngine& operator=(const OpenSslEngine&) = delete;

  Result<void> feed(ByteView ciphertext) override;
  Result<void> start() override;
  std::size_t take_output(std::span<std::uint8_t> out) override;
  EngineState state() const override { return state_; }
  std::string key_request() const override { return identity_; }
  Result<void> provide_key(std::optional<secret::TlsPsk> psk) override;
  Result<std::size_t> read(std::span<std::uint8_t> out) override;
  Result<void> write(ByteView plaintext) override;
  void close() override;
  bool peer_closed() const override { return peer_closed_; }
  bool may_be_readable() const override;
  Bytes take_rest() override;
  std::string alpn() const override;
  PeerIdentity peer() const override;
  Result<secret::SecretBuffer> exporter(std::string_view label, std::size_t size) override;

  /// Registers the callbacks that find their engine through the SSL object. Once for each context.
  static void install_callbacks(SSL_CTX* context, const Rules& rules);

 private:
  static OpenSslEngine& of(SSL* ssl);
  int on_client_hello(SSL* ssl, int* alert);
  int on_find_session(const unsigned char* identity, std::size_t size, SSL_SESSION** session);
  int on_use_session(const unsigned char** identity, std::size_t* size, SSL_SESSION** session);
  int on_select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, ByteView offered);

  Result<void> advance();
  Result<void> finish_handshake();
  Error fail(Error error);
  Error failure();
  int refuse(int* alert, int description, Error error);
  SslSessionPtr make_session(const secret::TlsPsk& psk) const;
  std::size_t unread_input() const;

  SslPtr ssl_;
  std::shared_ptr<const Rules> rules_;
  BIO* input_;   // owned by ssl_
  BIO* output_;  // owned by ssl_
  EngineState state_ = EngineState::Handshaking;
  enum class Key : std::uint8_t { NotAsked, Asked, Given, Declined } key_ = Key::NotAsked;
  Bytes alpn_offer_;                   // a server: the ClientHello's list, which a second one may not change
  std::string identity_;               // a server: the first one offered; a client: the one it offers
  std::optional<secret::TlsPsk> psk_;  // until the handshake is over
  std::optional<Error> refusal_;       // set by a callback; more exact than the error queue
  std::optional<Error> error_;         // the first cause; returned again by later calls
  int peer_alert_ = -1;
  bool started_ = false;
  bool peer_closed_ = false;
  bool we_closed_ = false;
};

}  // namespace cpns::tls
