#pragma once
// Bearers of IMS users, for the bulk bytes of their PNEs: short-lived rights to TLS connections at the operator port.
// Asked for and given over SIP, so the operator's core has said whose they are; the key is from both ends' X25519
// shares, so whoever reads SIP on its way can't use them. They end with the registration. On the loop's thread.

#include <map>
#include <set>
#include <vector>

#include "core/assign/key_schedule.hpp"
#include "core/crypto/key_exchange.hpp"

namespace cpns::server {

class BearerTokens {
 public:
  /// Good for any number of connections until it ends.
  static constexpr std::chrono::seconds kLifetime{300};
  /// Of one user; one more ends the oldest.
  static constexpr std::size_t kMostOfUser = 4;

  /// Both must outlive it.
  BearerTokens(crypto::KeyExchange& key_exchange, crypto::Random& random)
      : key_exchange_(key_exchange), random_(random) {}

  /// Fails with `x25519_result_is_zero`.
  [[nodiscard]] Result<assign::BearerGrant> grant(const ids::ServerId& server_id, const ids::PnGwId& pn_gw_id,
                                                  const assign::Share& gateway_share, const ids::Endpoint& endpoint,
                                                  ids::UnixTime now);
  /// The key of a `bearer-<token id>` identity, a random one where the token is not there or has ended; none where the
  /// identity is not of that form.
  [[nodiscard]] std::optional<secret::TlsPsk> look_up(std::string_view identity, ids::UnixTime now) const;
  /// Whose it is, after a handshake has proved the key. Fails with `bearer_token_refused`: it may have ended meanwhile.
  [[nodiscard]] Result<ids::PnGwId> owner(std::string_view identity, ids::UnixTime now) const;
  /// Ends all of a user's; false where there were none.
  bool end(const ids::PnGwId& pn_gw_id);
  /// Forgets what has ended. Gives the users who have none any more: whatever they have open under one is to end too,
  /// for a gateway whose registration lives asks for the next in time.
  [[nodiscard]] std::vector<ids::PnGwId> sweep(ids::UnixTime now);
  [[nodiscard]] std::size_t size() const noexcept { return tokens_.size(); }

  /// Whether the identity is of that form.
  [[nodiscard]] static bool is_bearer(std::string_view identity) { return id_in(identity).has_value(); }

 private:
  struct Token {
    ids::PnGwId pn_gw_id;
    secret::TlsPsk psk;
    ids::UnixTime expires_at;
  };
  [[nodiscard]] static std::optional<assign::BearerTokenId> id_in(std::string_view identity);
  void forget(const assign::BearerTokenId& id);
  [[nodiscard]] const Token* find(const assign::BearerTokenId& id, ids::UnixTime now) const;

  crypto::KeyExchange& key_exchange_;
  crypto::Random& random_;
  std::map<assign::BearerTokenId, Token> tokens_;
  std::map<ids::PnGwId, std::vector<assign::BearerTokenId>> of_user_;  // oldest first
  std::set<std::pair<ids::UnixTime, assign::BearerTokenId>> ends_;     // so that a sweep looks at those alone
};

}  // namespace cpns::server
