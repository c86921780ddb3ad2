#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include "tls/openssl.hpp"

namespace cpns::tls {
namespace {

Error certificate_failure(long verify_result, bool is_server) {
  const std::string got = X509_verify_cert_error_string(verify_result);
  const std::string expected =
      is_server ? "a PN GW certificate issued by this server" : "the configured server's certificate";
  switch (verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {Code::tls_certificate_expired, got, "a certificate that is valid now"};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {Code::tls_certificate_wrong_name, got, expected};
    case X509_V_ERR_INVALID_PURPOSE:
      return {Code::tls_certificate_wrong_purpose, got, is_server ? "clientAuth" : "serverAuth"};
    default:
      return {Code::tls_certificate_not_trusted, got, expected};
  }
}

Code code_of_reason(int reason) {
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return Code::tls_version_too_old;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_WRONG_CIPHER_RETURNED:
      return Code::tls_no_common_cipher_suite;
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_BAD_KEY_SHARE:
      return Code::tls_no_common_group;
    case SSL_R_BINDER_DOES_NOT_VERIFY:
      return Code::tls_psk_refused;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return Code::tls_alpn_refused;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return Code::tls_certificate_missing;
    case SSL_R_MISSING_SIGALGS_EXTENSION:        // likewise, of a client that knows no certificates
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:  // a server without certificate whose client's PSK was not taken
      return Code::tls_psk_missing;
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_DECRYPTION_FAILED:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_BAD_PACKET_LENGTH:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
    case SSL_R_DATA_LENGTH_TOO_LONG:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_RECORD_TOO_SMALL:
    case SSL_R_UNEXPECTED_RECORD:
      return Code::tls_record_malformed;
    default:
      return Code::tls_handshake_malformed;
  }
}

std::string expectation(Code code) {
  switch (code) {
    case Code::tls_version_too_old:
      return "TLS 1.3";
    case Code::tls_no_common_cipher_suite:
      return "TLS_AES_128_GCM_SHA256 or TLS_CHACHA20_POLY1305_SHA256";
    case Code::tls_no_common_group:
      return "a key share of an allowed group";
    case Code::tls_psk_refused:
      return "a binder made with the identity's key";
    default:
      return {};
  }
}

}  // namespace

std::string take_library_error() {
  const auto error = ERR_peek_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  ERR_clear_error();
  return reason == nullptr ? "no reason given" : reason;
}

Error library_failed(std::string_view what) {
  return {Code::tls_library_failed, std::string(what) + ": " + take_library_error()};
}

Error profile_unusable(std::string_view what, std::string expected) {
  return {Code::tls_profile_unusable, std::string(what) + ": " + take_library_error(), std::move(expected)};
}

Error tls_failure(const FailureFacts& facts) {
  if (facts.peer_alert >= 0) {
    ERR_clear_error();
    return {Code::tls_peer_alert, SSL_alert_desc_string_long(facts.peer_alert)};
  }
  const auto error = ERR_peek_error();
  if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED && ERR_GET_LIB(error) == ERR_LIB_SSL) {
    ERR_clear_error();
    return certificate_failure(facts.verify_result, facts.is_server);
  }
  // An error of another library below libssl is a malformed key, signature or point of the peer's.
  const auto code =
      ERR_GET_LIB(error) == ERR_LIB_SSL ? code_of_reason(ERR_GET_REASON(error)) : Code::tls_handshake_malformed;
  return {code, take_library_error(), expectation(code)};
}

}  // namespace cpns::tls
