#pragma once
// Tokens of operators. The Server keeps a SHA-256 of the token's secret and nothing that opens anything: the secret is
// 256 random bits, so that there is nothing a slow hash for passwords would make harder to guess.
//
// Thread and durability rules as in device_store.hpp.

#include <vector>

#include "store/commit_proof.hpp"
#include "store/gateway_store.hpp"

namespace cpns::store {

/// What its holder may do; each holds the ones before it. Stored on disk: do not change the numbers.
enum class Scope : std::uint8_t {
  Read = 1,        ///< look at everything that the admin interface shows
  Operate = 2,     ///< admit, revoke, erase, exempt
  Administer = 3,  ///< keys and tokens
};
[[nodiscard]] constexpr std::string_view to_text(Scope scope) noexcept {
  return scope == Scope::Read ? "read" : scope == Scope::Operate ? "operate" : "administer";
}
[[nodiscard]] constexpr std::optional<Scope> scope_of(std::string_view text) noexcept {
  for (const auto scope : {Scope::Read, Scope::Operate, Scope::Administer}) {
    if (text == to_text(scope)) return scope;
  }
  return std::nullopt;
}

struct OperatorToken {
  TokenId id;        ///< no secret; stands in the token
  std::string name;  ///< 1-63 of a-z, 0-9, '-', '.', '_', '@'; the actor in the audit log
  Scope scope = Scope::Read;
  ids::UnixTime made_at;
  ids::UnixTime expires_at;
  std::array<std::uint8_t, 32> secret_sha256{};
};
inline constexpr std::size_t kMaxOperatorTokens = 1000;

class TokenStore {
 public:
  TokenStore() = default;
  virtual ~TokenStore() = default;
  TokenStore(const TokenStore&) = delete;
  TokenStore& operator=(const TokenStore&) = delete;

  /// Expired ones are forgotten with it. Fails with `store_row_exists` where the name is taken, or `store_overloaded`
  /// where there are kMaxOperatorTokens. `actor` goes into the audit log.
  virtual void add(OperatorToken token, std::string actor, Done done) = 0;
  /// At once, and for ever. Fails with `admin_token_unknown`.
  virtual void withdraw(std::string name, ids::UnixTime now, std::string actor, Done done) = 0;
  /// Expired ones too.
  [[nodiscard]] virtual Result<std::optional<OperatorToken>> find(const TokenId& id) = 0;
  /// In order of name.
  [[nodiscard]] virtual Result<std::vector<OperatorToken>> list() = 0;
};

}  // namespace cpns::store
