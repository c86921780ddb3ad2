#pragma once
// A PN GW identity as the URI in its certificate. An identity may be any UTF-8, a URI in a certificate is ASCII:
// every byte that RFC 3986 does not allow in a URI, and '%' itself, stands as %XX (upper case). The mapping is one to
// one, so that no two identities share a certificate name. Pure.

#include <string>
#include <vector>

#include "core/ids/ids.hpp"

namespace cpns::tls {

[[nodiscard]] std::string percent_encode(std::string_view text);
/// The only text whose percent_encode() is `encoded`. Fails with `certificate_uri_malformed`.
[[nodiscard]] Result<std::string> percent_decode(std::string_view encoded);

/// The identity of a peer with these URI subjectAltNames [L1]: there must be exactly one.
/// Fails with `certificate_uri_malformed` or `pn_gw_id_malformed`.
[[nodiscard]] Result<ids::PnGwId> pn_gw_id_of(const std::vector<std::string>& certificate_uris);

}  // namespace cpns::tls
