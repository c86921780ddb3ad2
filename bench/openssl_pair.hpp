#pragma once
// OpenSSL used directly, with none of our code: the yardstick. TLS 1.3, external PSK, TLS_AES_128_GCM_SHA256, as on a
// direct link.

#include <openssl/ssl.h>

#include <cstring>
#include <memory>
#include <stdexcept>

namespace cpns::bench {

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;
using SslContext = std::unique_ptr<SSL_CTX, FreeSsl>;

inline unsigned fixed_psk(unsigned char* psk, unsigned most) {
  if (most < 32) return 0;
  std::memset(psk, 0x42, 32);  // known to everybody: only figures go over it
  return 32;
}

inline SslContext make_context(bool server) {
  SslContext context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256") != 1) {
    throw std::runtime_error("OpenSSL has no TLS_AES_128_GCM_SHA256");
  }
  SSL_CTX_set_num_tickets(context.get(), 0);
  if (server) {
    SSL_CTX_set_psk_server_callback(
        context.get(), [](SSL*, const char*, unsigned char* psk, unsigned most) { return fixed_psk(psk, most); });
  } else {
    SSL_CTX_set_psk_client_callback(
        context.get(), [](SSL*, const char*, char* identity, unsigned size, unsigned char* psk, unsigned most) {
          std::strncpy(identity, "bench", size);
          return fixed_psk(psk, most);
        });
  }
  return context;
}

}  // namespace cpns::bench
