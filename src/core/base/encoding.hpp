#pragma once
// Text forms of bytes: hex, RFC 4648 base32 (lower case, no padding) and base64url (no padding).
// Strict: one text for one value, so an identity has one spelling; the time depends on the length alone [K2].

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns {

[[nodiscard]] std::string to_hex(ByteView bytes);
/// Accepts both cases. Fails with `text_is_not_hex`.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

[[nodiscard]] std::string to_base32(ByteView bytes);
/// Accepts both cases, no padding; unused trailing bits must be zero. Fails with `text_is_not_base32`.
[[nodiscard]] Result<Bytes> from_base32(std::string_view text);

[[nodiscard]] std::string to_base64url(ByteView bytes);
/// No padding; unused trailing bits must be zero. Fails with `text_is_not_base64url`.
[[nodiscard]] Result<Bytes> from_base64url(std::string_view text);

/// True where `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// True where `text` holds a control character (below 0x20, or 0x7f): such text is refused in names and identities,
/// because it would end up in logs and terminals.
[[nodiscard]] bool has_control_character(std::string_view text) noexcept;

}  // namespace cpns
