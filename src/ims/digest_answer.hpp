#pragma once
// The answer to an AKAv1-MD5 challenge (RFC 3310), as Authorization carries it. Pure and thread-safe; where libcrypto
// itself fails std::bad_alloc is thrown.

#include "ims/digest_challenge.hpp"

namespace cpns::ims {

/// What is being authorised. Texts that hold a quote, an escape or a control character are refused.
struct DigestRequest {
  std::string_view user;    ///< IMPI
  std::string_view method;  ///< such as REGISTER
  std::string_view uri;     ///< the request's own
  std::string_view cnonce;  ///< fresh, of this end
  std::uint32_t count = 1;  ///< how often this nonce has been answered
};

/// `Digest username="...", ...` with RES as the password. Fails with `ims_user_unreadable`.
[[nodiscard]] Result<std::string> answer_digest(const DigestChallenge& challenge, const DigestRequest& request,
                                                const secret::AkaResponse& res);

/// The same where the network is out of step: an empty password, and AUTS (RFC 3310 section 3.4).
[[nodiscard]] Result<std::string> answer_digest_resync(const DigestChallenge& challenge, const DigestRequest& request,
                                                       const AkaAuts& auts);

}  // namespace cpns::ims
