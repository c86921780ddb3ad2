#pragma once
// Certificates, requests and keys between OpenSSL's objects and bytes. Only src/tls includes this.

#include "core/secret/secret_bytes.hpp"
#include "tls/openssl.hpp"

namespace cpns::tls {

/// First certificate, in either form. Fails with `certificate_unreadable`.
[[nodiscard]] Result<X509Ptr> parse_certificate(ByteView pem_or_der);
/// Fails with `certificate_authority_unusable`: only a CA's key is read here.
[[nodiscard]] Result<PkeyPtr> parse_key(ByteView pem);

[[nodiscard]] Result<Bytes> to_pem(X509& certificate);
[[nodiscard]] Result<Bytes> to_der(const X509& certificate);
[[nodiscard]] Result<Bytes> to_der(X509_REQ& request);
/// PKCS#8 PEM; no copy stays outside the memory for secrets.
[[nodiscard]] Result<secret::SecretBuffer> to_pem(EVP_PKEY& key);

}  // namespace cpns::tls
