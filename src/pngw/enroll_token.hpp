#pragma once
// An enrolment token: what an operator hands to the person who sets up an External PN GW, once, over a channel of
// their own. Text: `cpns-enroll-` and base64url of a protobuf EnrollToken. It holds a secret: it is read from a file
// or standard input, never from an argument list. Pure; whoever gets the text wipes it (secret::wipe).

#include "core/ids/ids.hpp"
#include "core/secret/keys.hpp"
#include "store/gateway_store.hpp"

namespace cpns::pngw {

inline constexpr std::string_view kEnrollTokenPrefix = "cpns-enroll-";

struct EnrollToken {
  store::TokenId token_id;
  secret::EnrollSecret secret;
  ids::ServerId server_id;
  ids::PnGwId pn_gw_id;
  ids::Endpoint endpoint;  ///< the Server's operator link
  ids::UnixTime expires_at;
};

[[nodiscard]] std::string encode_enroll_token(const EnrollToken& token);

/// Ignores white space around the text and nothing else. Fails with `enroll_token_malformed` or an identity's error.
/// Whether it has expired is for the caller, who has a clock.
[[nodiscard]] Result<EnrollToken> parse_enroll_token(std::string_view text);

}  // namespace cpns::pngw
