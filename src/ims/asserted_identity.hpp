#pragma once
// Whom a request is from, for an application server: exactly one P-Asserted-Identity (RFC 3325), and nothing else;
// From is the sender's own word. Pure and thread-safe.

#include "core/base/result.hpp"
#include "core/ids/ids.hpp"
#include "ims/sip_message.hpp"

namespace cpns::ims {

/// The IMS public user identity in the one P-Asserted-Identity: `<sip:...>`, `"name" <sip:...>` or a bare URI, of
/// scheme sip, sips or tel. Fails with `sip_identity_missing`, or `sip_identity_ambiguous`: more than one (two headers,
/// or one with a comma), another scheme, URI parameters or headers, a password, a port, escapes of what needs none,
/// characters that a URI can't have.
[[nodiscard]] Result<ids::PnGwId> asserted_identity(const SipHeaders& headers);

/// The same of one URI, without brackets: such as this user's own, or what stands in a To.
[[nodiscard]] Result<ids::PnGwId> public_identity(std::string_view uri);

}  // namespace cpns::ims
