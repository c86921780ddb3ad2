#include "server/bearer_tokens.hpp"

#include <algorithm>

#include "pngw/operator_relay.hpp"

namespace cpns::server {

using pngw::kBearerIdentityPrefix;

Result<assign::BearerGrant> BearerTokens::grant(const ids::ServerId& server_id, const ids::PnGwId& pn_gw_id,
                                                const assign::Share& gateway_share, const ids::Endpoint& endpoint,
                                                ids::UnixTime now) {
  CPNS_TRY(const auto exchanged, key_exchange_.exchange(gateway_share, random_));
  const assign::BearerTokenId id(random_.bytes<assign::BearerTokenId::kSize>());
  auto psk = assign::derive_bearer_psk(exchanged.secret, {id, exchanged.mine, gateway_share, server_id, pn_gw_id});
  auto& own = of_user_[pn_gw_id];
  if (own.size() >= kMostOfUser) {
    forget(own.front());
    own.erase(own.begin());
  }
  own.push_back(id);
  const auto expires_at = now + kLifetime;
  ends_.emplace(expires_at, id);
  tokens_.emplace(id, Token{pn_gw_id, std::move(psk), expires_at});
  return assign::BearerGrant{id, exchanged.mine, expires_at, endpoint};
}

std::optional<assign::BearerTokenId> BearerTokens::id_in(std::string_view identity) {
  if (!identity.starts_with(kBearerIdentityPrefix)) return std::nullopt;
  const auto bytes = from_hex(identity.substr(kBearerIdentityPrefix.size()));
  return bytes ? assign::BearerTokenId::from(*bytes) : std::nullopt;
}

const BearerTokens::Token* BearerTokens::find(const assign::BearerTokenId& id, ids::UnixTime now) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() || found->second.expires_at <= now ? nullptr : &found->second;
}

std::optional<secret::TlsPsk> BearerTokens::look_up(std::string_view identity, ids::UnixTime now) const {
  const auto id = id_in(identity);
  if (!id) return std::nullopt;
  const auto* token = find(*id, now);
  if (token != nullptr) return token->psk.duplicate();
  return secret::TlsPsk::make([this](std::span<std::uint8_t, 32> to) { random_.fill(to); });
}

Result<ids::PnGwId> BearerTokens::owner(std::string_view identity, ids::UnixTime now) const {
  const auto id = id_in(identity);
  const auto* token = id ? find(*id, now) : nullptr;
  if (token == nullptr) return Error{Code::bearer_token_refused, std::string(identity), "a token that is good now"};
  return token->pn_gw_id;
}

bool BearerTokens::end(const ids::PnGwId& pn_gw_id) {
  const auto own = of_user_.extract(pn_gw_id);
  if (own.empty()) return false;
  for (const auto& id : own.mapped()) forget(id);
  return true;
}

std::vector<ids::PnGwId> BearerTokens::sweep(ids::UnixTime now) {
  std::vector<ids::PnGwId> left;
  while (!ends_.empty() && ends_.begin()->first <= now) {
    const auto id = ends_.begin()->second;
    auto user = tokens_.at(id).pn_gw_id;
    forget(id);
    const auto own = of_user_.find(user);
    std::erase(own->second, id);
    if (!own->second.empty()) continue;
    of_user_.erase(own);
    left.push_back(std::move(user));
  }
  return left;
}

void BearerTokens::forget(const assign::BearerTokenId& id) {
  const auto found = tokens_.find(id);
  ends_.erase({found->second.expires_at, id});
  tokens_.erase(found);
}

}  // namespace cpns::server
