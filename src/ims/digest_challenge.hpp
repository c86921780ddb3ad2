#pragma once
// The challenge of a 401 under AKAv1-MD5 (RFC 3310), as WWW-Authenticate carries it. Pure and thread-safe.

#include <string>

#include "core/base/result.hpp"
#include "ims/usim.hpp"

namespace cpns::ims {

inline constexpr std::size_t kMostChallengeBytes = 4096;

enum class DigestQop : std::uint8_t { None, Auth };

struct DigestChallenge {
  std::string realm;
  std::string nonce;   ///< as received: base64 of RAND | AUTN | data of the server
  std::string opaque;  ///< empty where there was none
  DigestQop qop = DigestQop::None;
  AkaRand rand{};
  AkaAutn autn{};
};

/// Reads `Digest realm="...", nonce="...", algorithm=AKAv1-MD5, ...`; parameters it does not know are passed over.
/// Fails with `sip_malformed`: another scheme or algorithm, a parameter twice or missing, a quoted text with an escape
/// or control character, a nonce of fewer than 32 bytes, or a qop without `auth`.
[[nodiscard]] Result<DigestChallenge> parse_digest_challenge(std::string_view header);

}  // namespace cpns::ims
