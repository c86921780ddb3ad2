#pragma once
// Looks at SIP URIs and header values, as far as this project asks: no copy, no list of all parameters. Pure.

#include <cstdint>
#include <optional>
#include <string_view>

namespace cpns::ims {

/// The host of a SIP URI, numeric or a name, without port and brackets; empty where there is none.
[[nodiscard]] std::string_view uri_host(std::string_view uri) noexcept;
/// A parameter of a SIP URI, such as maddr; nothing where it is missing, empty where it has no value.
[[nodiscard]] std::optional<std::string_view> uri_parameter(std::string_view uri, std::string_view name) noexcept;
/// True where a SIP URI says TLS: by its scheme or its transport.
[[nodiscard]] bool is_tls_uri(std::string_view uri) noexcept;
/// True where both have one scheme, user, host and port. Parameters are not looked at: a proxy may add some.
[[nodiscard]] bool same_place(std::string_view a, std::string_view b) noexcept;

/// A parameter of a header value, such as `tag` of From: what stands in quotes or in angle brackets is passed over.
[[nodiscard]] std::optional<std::string_view> header_parameter(std::string_view value, std::string_view name) noexcept;
/// What stands before the parameters: `reg` of `reg;id=4`.
[[nodiscard]] std::string_view header_word(std::string_view value) noexcept;
/// The URI of a name-addr or a bare one: `sip:a` of `"A" <sip:a>;tag=1`.
[[nodiscard]] std::string_view header_uri(std::string_view value) noexcept;
/// Nothing where `text` is not a decimal number below 2^32.
[[nodiscard]] std::optional<std::uint32_t> decimal(std::string_view text) noexcept;

/// ASCII letters of either case are the same.
[[nodiscard]] bool same_word(std::string_view a, std::string_view b) noexcept;
/// Without blanks and tabs at its ends.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

}  // namespace cpns::ims
