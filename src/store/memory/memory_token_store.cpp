#include "store/memory/memory_token_store.hpp"

#include "store/audit_events.hpp"
#include "store/memory/finish.hpp"
#include "store/rules.hpp"

namespace cpns::store::memory {

void MemoryTokenStore::add(OperatorToken token, std::string actor, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    auto& tokens = rows_.operator_tokens;
    std::erase_if(tokens, [&](const auto& one) { return rules::is_over(one.second.expires_at, token.made_at); });
    CPNS_CHECK(rules::check_tokens(tokens.size(), tokens.contains(token.name), token.name));
    rows_.record(events::token_made(token, actor));
    auto name = token.name;
    tokens.emplace(std::move(name), std::move(token));
    return {};
  });
}

void MemoryTokenStore::withdraw(std::string name, ids::UnixTime now, std::string actor, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    if (rows_.operator_tokens.erase(name) == 0) return rules::no_such_token(name);
    rows_.record(events::token_withdrawn(name, now, actor));
    return {};
  });
}

Result<std::optional<OperatorToken>> MemoryTokenStore::find(const TokenId& id) {
  const std::scoped_lock lock(rows_.mutex);
  for (const auto& [name, token] : rows_.operator_tokens) {
    if (token.id == id) return std::optional(token);
  }
  return std::optional<OperatorToken>();
}

Result<std::vector<OperatorToken>> MemoryTokenStore::list() {
  const std::scoped_lock lock(rows_.mutex);
  std::vector<OperatorToken> tokens;
  for (const auto& [name, token] : rows_.operator_tokens) tokens.push_back(token);
  return tokens;
}

}  // namespace cpns::store::memory
