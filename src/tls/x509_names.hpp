#pragma once
// Names in certificates, for those who issue them (x509.hpp) and those who check them (profile.hpp).

#include <array>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "tls/openssl.hpp"

namespace cpns::tls {

/// In which kind of subjectAltName a server_id stands [L1]. A server_id may be any UTF-8, so one that is neither a
/// host name nor an IP address stands as a URI `cpns:<server_id, percent-encoded>`.
enum class ServerNameKind : std::uint8_t { Dns, Ip, Uri };
struct ServerName {
  ServerNameKind kind;
  std::string text;  ///< as it stands in the certificate (IP addresses as text)
};
[[nodiscard]] ServerName server_name(std::string_view server_id);

/// URI subjectAltNames in their order. Empty where there are none, or where one holds a zero byte.
[[nodiscard]] std::vector<std::string> uri_names(const X509& certificate);

/// SHA-256 of the certificate's DER form.
[[nodiscard]] std::array<std::uint8_t, 32> sha256_of(const X509& certificate);

}  // namespace cpns::tls
