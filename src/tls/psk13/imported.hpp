#pragma once
// ImportedIdentity of RFC 9258 section 5.1: an external PSK bound to a protocol and a KDF. Pure.

#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"

namespace cpns::tls::psk13 {

/// The external identity inside, where `identity` is an ImportedIdentity for TLS 1.3 and HKDF-SHA256, whatever its
/// context. A view into it: 1-256 bytes.
[[nodiscard]] std::optional<ByteView> parse_imported_identity(ByteView identity) noexcept;

/// Without a context. `external_identity`: 1-256 bytes.
[[nodiscard]] Bytes encode_imported_identity(std::string_view external_identity);

}  // namespace cpns::tls::psk13
