// What OpenSSL asks the engine during a handshake. Every refusal names its reason here, for the log; the peer gets an
// alert that says no more than RFC 8446 makes it say.

#include <algorithm>
#include <cstring>

#include "tls/openssl_engine.hpp"
#include "tls/psk_extension.hpp"

namespace cpns::tls {
namespace {

constexpr std::array<unsigned char, 2> kAes128GcmSha256{0x13, 0x01};

// Body of an extension of the ClientHello that is being looked at.
std::optional<ByteView> extension(SSL* ssl, unsigned type) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, type, &data, &size) != 1) return std::nullopt;
  return ByteView(data, size);
}

}  // namespace

OpenSslEngine& OpenSslEngine::of(SSL* ssl) { return *static_cast<OpenSslEngine*>(SSL_get_app_data(ssl)); }

void OpenSslEngine::install_callbacks(SSL_CTX* context, const Rules& rules) {
  SSL_CTX_set_info_callback(context, [](const SSL* ssl, int where, int value) {
    const bool fatal = (value >> 8) == SSL3_AL_FATAL;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && fatal) of(const_cast<SSL*>(ssl)).peer_alert_ = value & 0xff;
  });
  if (rules.role == Rules::Role::PskClient) {
    SSL_CTX_set_psk_use_session_callback(
        context, [](SSL* ssl, const EVP_MD*, const unsigned char** identity, std::size_t* size, SSL_SESSION** session) {
          return of(ssl).on_use_session(identity, size, session);
        });
  }
  if (!rules.is_server()) return;
  SSL_CTX_set_client_hello_cb(
      context, [](SSL* ssl, int* alert, void*) { return of(ssl).on_client_hello(ssl, alert); }, nullptr);
  SSL_CTX_set_psk_find_session_callback(
      context, [](SSL* ssl, const unsigned char* identity, std::size_t size, SSL_SESSION** session) {
        return of(ssl).on_find_session(identity, size, session);
      });
  SSL_CTX_set_alpn_select_cb(
      context,
      [](SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned int in_size,
         void*) { return of(ssl).on_select_alpn(ssl, out, out_size, ByteView(in, in_size)); },
      nullptr);
}

int OpenSslEngine::refuse(int* alert, int description, Error error) {
  *alert = description;
  refusal_ = std::move(error);
  return SSL_CLIENT_HELLO_ERROR;
}

// Runs for each ClientHello, and once more when the key has come. Everything that needs no key is refused before the
// key is asked for, so that a stranger's nonsense costs no look-up.
int OpenSslEngine::on_client_hello(SSL* ssl, int* alert) {
  const auto versions = extension(ssl, TLSEXT_TYPE_supported_versions);
  if (!versions || !offers_tls13(*versions)) return SSL_CLIENT_HELLO_SUCCESS;  // OpenSSL answers protocol_version

  const bool psk_only = rules_->role == Rules::Role::PskServer;
  const auto alpn_offer = extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation);
  if (!alpn_offer && !rules_->allow_client_without_alpn) {
    return refuse(alert, SSL_AD_NO_APPLICATION_PROTOCOL,
                  {Code::tls_alpn_refused, "no ALPN", rules_->alpn.empty() ? "" : rules_->alpn.front()});
  }
  // RFC 8446 section 4.1.2: a second ClientHello offers what the first did. Whoever let the first one through on the
  // strength of its protocols must not be fooled by the second. [only_cpns]
  const Bytes offered = alpn_offer ? Bytes(alpn_offer->begin(), alpn_offer->end()) : Bytes();
  if (key_ != Key::NotAsked && offered != alpn_offer_) {
    return refuse(alert, SSL_AD_ILLEGAL_PARAMETER,
                  {Code::tls_alpn_refused, "other protocols after HelloRetryRequest", "the same ones"});
  }
  alpn_offer_ = offered;
  const auto psk_offer = extension(ssl, TLSEXT_TYPE_psk);
  if (!psk_offer) {
    if (!psk_only && key_ == Key::NotAsked) return SSL_CLIENT_HELLO_SUCCESS;
    return refuse(alert, SSL_AD_HANDSHAKE_FAILURE, {Code::tls_psk_missing, "no pre_shared_key", "an external PSK"});
  }
  const auto modes = extension(ssl, TLSEXT_TYPE_psk_kex_modes);
  if (!modes || !offers_psk_dhe_ke(*modes)) {
    return refuse(alert, SSL_AD_HANDSHAKE_FAILURE,
                  {Code::tls_psk_mode_refused, modes ? "psk_ke alone" : "no psk_key_exchange_modes", "psk_dhe_ke"});
  }
  const bool for_token = alpn_offer && (offers_protocol(*alpn_offer, kTokenProtocols[0]) ||
                                        offers_protocol(*alpn_offer, kTokenProtocols[1]));
  if (!psk_only && !for_token) {
    return refuse(alert, SSL_AD_NO_APPLICATION_PROTOCOL,
                  {Code::tls_enrolment_mixed, "a PSK without cpns-enroll/1 or cpns-bearer/1", "a certificate"});
  }
  auto identity = parse_first_psk_identity(*psk_offer);
  if (!identity) return refuse(alert, SSL_AD_DECODE_ERROR, std::move(identity).error());
  if (key_ == Key::NotAsked) {
    identity_ = std::move(identity).value();
    key_ = Key::Asked;
    return SSL_CLIENT_HELLO_RETRY;
  }
  if (key_ == Key::Asked) return SSL_CLIENT_HELLO_RETRY;
  if (*identity != identity_) {
    return refuse(alert, SSL_AD_ILLEGAL_PARAMETER,
                  {Code::tls_psk_identity_changed, "another identity after HelloRetryRequest", "the same one"});
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

// Both suites of the profile use SHA-256, so that one session serves whichever is negotiated.
SslSessionPtr OpenSslEngine::make_session(const secret::TlsPsk& psk) const {
  SslSessionPtr session(SSL_SESSION_new());
  const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl_.get(), kAes128GcmSha256.data());
  const auto key = psk.reveal(secret::SecretAccess{});
  const bool made = session && cipher != nullptr &&
                    SSL_SESSION_set1_master_key(session.get(), key.data(), key.size()) == 1 &&
                    SSL_SESSION_set_cipher(session.get(), cipher) == 1 &&
                    SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION) == 1;
  return made ? std::move(session) : nullptr;
}

// Only the identity that was asked for has a key; later ones in the list are passed over.
int OpenSslEngine::on_find_session(const unsigned char* identity, std::size_t size, SSL_SESSION** session) {
  *session = nullptr;
  if (!psk_ || as_text(ByteView(identity, size)) != identity_) return 1;
  auto made = make_session(*psk_);
  if (!made) return 0;
  *session = made.release();
  return 1;
}

int OpenSslEngine::on_use_session(const unsigned char** identity, std::size_t* size, SSL_SESSION** session) {
  *session = nullptr;
  if (!psk_) return 0;
  auto made = make_session(*psk_);
  if (!made) return 0;
  *identity = reinterpret_cast<const unsigned char*>(identity_.data());
  *size = identity_.size();
  *session = made.release();
  return 1;
}

// The server's order decides. Where certificates are the rule, a PSK opens the protocols of tokens and nothing else,
// and a certificate everything but those. [L1]
int OpenSslEngine::on_select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, ByteView offered) {
  const bool mixed = rules_->role == Rules::Role::CertificateServer;
  const bool psk_used = SSL_session_reused(ssl) == 1;
  bool refused_by_kind = false;
  // offered is the inside of the list; give the parser its length back.
  Bytes list{static_cast<std::uint8_t>(offered.size() >> 8U), static_cast<std::uint8_t>(offered.size() & 0xffU)};
  list.insert(list.end(), offered.begin(), offered.end());
  for (const auto& name : rules_->alpn) {
    if (!offers_protocol(list, name)) continue;
    if (mixed && is_token_protocol(name) != psk_used) {
      refused_by_kind = true;
      continue;
    }
    *out = reinterpret_cast<const unsigned char*>(name.data());
    *out_size = static_cast<unsigned char>(name.size());
    return SSL_TLSEXT_ERR_OK;
  }
  if (refused_by_kind) {
    refusal_ = Error{Code::tls_enrolment_mixed, psk_used ? "a PSK" : "no accepted PSK",
                     psk_used ? "a certificate for this protocol" : "a token for cpns-enroll/1 or cpns-bearer/1"};
  } else {
    refusal_ = Error{Code::tls_alpn_refused, "protocols that are not accepted here",
                     rules_->alpn.empty() ? "none" : rules_->alpn.front()};
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace cpns::tls
