#pragma once
// What an external-PSK server reads of a ClientHello before it knows the key (RFC 8446 section 4.2). Pure parsers over
// the extension's body: they see whatever a stranger sends, so they allocate at most what they return.

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns::tls {

/// The longest PSK identity that is looked up. CM Device IDs have 29 bytes, aliases 62, pairing and enrolment less.
inline constexpr std::size_t kMaxPskIdentity = 256;

/// First identity of a `pre_shared_key` extension (section 4.2.11). Only the first counts: a device has one key, and
/// a list would let a stranger try many. Checks the whole structure, with a binder for each identity.
/// Fails with `tls_psk_extension_malformed`.
[[nodiscard]] Result<std::string> parse_first_psk_identity(ByteView extension);

/// True where a `psk_key_exchange_modes` extension (section 4.2.9) lists psk_dhe_ke; false where it is malformed. [T1]
[[nodiscard]] bool offers_psk_dhe_ke(ByteView extension) noexcept;

/// True where a `supported_versions` extension (section 4.2.1) of a ClientHello lists TLS 1.3.
[[nodiscard]] bool offers_tls13(ByteView extension) noexcept;

/// True where an ALPN extension (RFC 7301) lists `protocol`; false where it is malformed.
[[nodiscard]] bool offers_protocol(ByteView extension, std::string_view protocol) noexcept;

}  // namespace cpns::tls
