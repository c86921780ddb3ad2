#pragma once
// The server's half of the handshake (RFC 8446 section 2 and appendix A.2, psk_dhe_ke alone).

#include "core/crypto/random.hpp"
#include "tls/psk13/connection.hpp"
#include "tls/psk13/key_exchange.hpp"

namespace cpns::tls::psk13 {

class ServerConnection final : public Connection {
 public:
  /// `random` makes what everybody sees, `keys` private keys; both must outlive it.
  ServerConnection(std::shared_ptr<const PskServerProfile> profile, crypto::Random& random, crypto::Random& keys);

  Result<void> start() override { return {}; }
  std::string key_request() const override { return identity_; }
  /// Without a key the connection ends as with a wrong one [T2].
  Result<void> provide_key(std::optional<secret::TlsPsk> psk) override;
  x25519::Share exchange_request() const override;
  Result<void> provide_exchange(x25519::Exchanged exchanged) override;

 private:
  enum class Step : std::uint8_t { Hello, SecondHello, Key, Exchange, Finished };

  Verdict on_message(MessageType type, ByteView message, bool last) override;
  void forget() noexcept override;
  Verdict on_client_hello(ByteView message, bool last);
  Verdict check_second(const ClientHello& hello) const;
  Verdict select_protocol(const std::optional<ByteView>& offered);
  Verdict on_finished(ByteView message, bool last);
  Verdict on_key(const secret::TlsPsk& psk);
  Verdict on_exchanged(const x25519::Exchanged& exchanged);
  Verdict answer(ByteView share, const SharedSecret& shared);
  void ask_again(ByteView message, const ClientHello& hello, Group group);
  void keep(ByteView message, const ClientHello& hello);

  std::shared_ptr<const PskServerProfile> profile_;
  crypto::Random& random_;
  crypto::Random& keys_;
  Step step_ = Step::Hello;
  bool asked_again_ = false;

  // Of the ClientHello, until it is answered.
  Bytes session_id_, share_, alpn_offer_;
  Bytes imported_;  ///< the ImportedIdentity that counts; empty where the plain one does
  std::size_t selected_ = 0;
  TranscriptHash binder_hash_{};  ///< of what it covers
  VerifyData binder_{};
  Group group_ = Group::X25519;

  std::optional<EarlySecret> early_;  ///< of the right key, until the hello is answered
  std::optional<TrafficSecret> client_handshake_;
  std::optional<TrafficSecret> client_application_, server_application_;
};

}  // namespace cpns::tls::psk13
