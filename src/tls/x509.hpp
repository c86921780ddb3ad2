#pragma once
// The certificate authority of standalone operator links [L1]: `cpns-server init` makes it, enrolment issues from it.
// Bytes in, bytes out, the time is passed in; keys are PKCS#8 PEM in a SecretBuffer. EC P-256 everywhere. Thread-safe.

#include <array>
#include <string>
#include <vector>

#include "core/ids/ids.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::tls {

/// A certificate (PEM) and its private key.
struct Identity {
  Bytes certificate_pem;
  secret::SecretBuffer private_key_pem;
};

/// A self-signed CA that may sign end-entity certificates only. Fails with `tls_library_failed`.
[[nodiscard]] Result<Identity> make_ca(const std::string& name, int valid_days, ids::UnixTime now);

/// A server certificate for `server_id` (how it stands in there: x509_names.hpp) and for more names, each a host name
/// or an IP address. The chain is the certificate alone: gateways hold the CA. Fails with
/// `certificate_authority_unusable` or `tls_library_failed`.
[[nodiscard]] Result<Identity> make_server_certificate(const Identity& ca, const ids::ServerId& server_id,
                                                       const std::vector<std::string>& more_names, int valid_days,
                                                       ids::UnixTime now);

/// A gateway's fresh key and its certificate request (DER PKCS#10) with the identity as URI subjectAltName.
struct KeyAndRequest {
  secret::SecretBuffer private_key_pem;
  Bytes request_der;
};
[[nodiscard]] Result<KeyAndRequest> make_key_and_csr(const ids::PnGwId& pn_gw_id);

/// Issues a gateway's certificate (PEM): clientAuth, the identity as the one URI subjectAltName, a random serial. Of
/// the request only the public key counts, which must be EC P-256, Ed25519 or RSA of 3072 bits and more, and its own
/// signature; whatever else it asks for is passed over. Fails with `csr_malformed`, `csr_signature_wrong`,
/// `csr_key_too_weak`, `certificate_authority_unusable` or `tls_library_failed`.
[[nodiscard]] Result<Bytes> issue_gateway_certificate(const Identity& ca, ByteView request_der,
                                                      const ids::PnGwId& pn_gw_id, int valid_days, ids::UnixTime now);

/// What a program shows or stores of the first certificate in `pem_or_der`. Fails with `certificate_unreadable`.
struct CertificateInfo {
  std::array<std::uint8_t, 32> sha256;
  std::vector<std::string> uris;
  ids::UnixTime not_before;
  ids::UnixTime not_after;

  /// Whole days until it ends; negative afterwards.
  [[nodiscard]] std::int64_t days_left(ids::UnixTime now) const;
};
[[nodiscard]] Result<CertificateInfo> certificate_info(ByteView pem_or_der);

/// SHA-256 of the DER form. Fails with `certificate_unreadable`.
[[nodiscard]] Result<std::array<std::uint8_t, 32>> certificate_sha256(ByteView pem_or_der);
/// Fails with `certificate_unreadable`.
[[nodiscard]] Result<Bytes> certificate_der(ByteView pem_or_der);
[[nodiscard]] Result<Bytes> certificate_pem(ByteView pem_or_der);

}  // namespace cpns::tls
