#pragma once
// What a relay may know of a TLS connection that it carries: the protocol that its ClientHello asks for, in clear.
// Pure.

#include "core/base/bytes.hpp"

namespace cpns::tls {

enum class HelloVerdict : std::uint8_t {
  Incomplete,  ///< all well so far, and not whole
  Offers,      ///< a ClientHello that offers the protocol and no other
  Other,       ///< anything else
};

/// Bytes that are looked at, at most: a longer ClientHello is Other.
inline constexpr std::size_t kMaxClientHello = 4096;

/// `stream` is the beginning of a connection (RFC 8446 sections 4.1.2 and 5.1; a ClientHello in one record).
[[nodiscard]] HelloVerdict client_hello_offers_only(ByteView stream, std::string_view protocol) noexcept;

}  // namespace cpns::tls
