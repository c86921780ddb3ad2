#pragma once
// The client's half of the handshake (RFC 8446 section 2 and appendix A.1, psk_dhe_ke alone).

#include "core/crypto/random.hpp"
#include "tls/psk13/connection.hpp"
#include "tls/psk13/key_exchange.hpp"

namespace cpns::tls::psk13 {

class ClientConnection final : public Connection {
 public:
  /// `random` must outlive it. P-256 is offered as a group, without a share: a server that wants it asks again.
  /// `offer_imported`: the identity as RFC 9258 imports it, too, beside the plain one.
  ClientConnection(PskOffer offer, bool offer_imported, crypto::Random& random);

  Result<void> start() override;
  std::string key_request() const override { return {}; }
  Result<void> provide_key(std::optional<secret::TlsPsk> psk) override;

 private:
  enum class Step : std::uint8_t { Start, ServerHello, EncryptedExtensions, Finished };

  Verdict on_message(MessageType type, ByteView message, bool last) override;
  void forget() noexcept override;
  Verdict on_server_hello(ByteView message, bool last);
  Verdict on_retry(ByteView message, const ServerHello& hello);
  Verdict on_encrypted_extensions(ByteView message);
  Verdict on_finished(ByteView message, bool last);
  void send_hello(ByteView cookie);

  bool offer_imported_;
  PskOffer offer_;  ///< its key until the handshake has a secret of its own
  std::array<std::uint8_t, kRandomSize> random_;
  std::array<std::uint8_t, 32> session_id_;
  Step step_ = Step::Start;
  bool retried_ = false;
  std::optional<KeyExchange> exchange_;
  Bytes imported_;  ///< the ImportedIdentity that is offered too; or empty
  std::optional<EarlySecret> early_, imported_early_;
  std::optional<HandshakeSecret> handshake_;
  std::optional<TrafficSecret> client_handshake_, server_handshake_;
};

}  // namespace cpns::tls::psk13
