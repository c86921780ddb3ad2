#pragma once
// Who may do what at the admin interface.
//
// An operator's token: `cpns-op-` and base64url of its id (8 bytes, no secret) and its secret (32 bytes). It travels in
// the field `Authorization: Bearer TOKEN` over a Unix socket of this machine.

#include "store/token_store.hpp"

namespace cpns::server::admin {

inline constexpr std::string_view kOperatorTokenPrefix = "cpns-op-";

struct Access {
  store::Scope scope;
  std::string actor;  ///< for the audit log
};

struct MadeToken {
  store::OperatorToken token;
  std::string text;  ///< holds the secret: shown once, then wiped by its owner
};
/// Pure but for `random`.
[[nodiscard]] MadeToken make_operator_token(std::string name, store::Scope scope, ids::UnixTime now,
                                            std::chrono::seconds life, crypto::Random& random);
[[nodiscard]] bool is_operator_name(std::string_view name) noexcept;

/// What the value of an Authorization field opens at `now`. One answer for whatever is wrong with it: fails with
/// `admin_token_refused`, or a Store error.
[[nodiscard]] Result<Access> access_of(std::string_view authorization, store::TokenStore& tokens, ids::UnixTime now);
/// Fails with `admin_scope_too_small`.
[[nodiscard]] Result<void> check_scope(const Access& access, store::Scope needed);

}  // namespace cpns::server::admin
