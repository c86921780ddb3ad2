#include "store/sqlite/sqlite_token_store.hpp"

#include "store/audit_events.hpp"
#include "store/rules.hpp"

namespace cpns::store::sqlite {
namespace {

#define CPNS_TOKEN_COLUMNS "token_id, name, scope, made_at, expires_at, secret_sha256"

Result<OperatorToken> read_token(Statement& row) {
  CPNS_TRY(const auto id, row.id<TokenId>(0));
  CPNS_TRY(const auto digest, row.digest(5));
  return OperatorToken{id, row.text(1), static_cast<Scope>(row.integer(2)), row.time(3), row.time(4), digest};
}

}  // namespace

void SqliteTokenStore::add(OperatorToken token, std::string actor, Done done) {
  const auto add = [this, token = std::move(token), actor = std::move(actor)](Connection& connection) -> Result<void> {
    CPNS_CHECK(connection.run("DELETE FROM operator_tokens WHERE expires_at <= ?", token.made_at));
    {
      CPNS_TRY(auto row, connection.query("SELECT count(*), count(*) FILTER (WHERE name = ?) FROM operator_tokens",
                                          std::string_view(token.name)));
      CPNS_CHECK(row.step());
      CPNS_CHECK(rules::check_tokens(row.count(0), row.count(1) > 0, token.name));
    }
    CPNS_CHECK(connection.run("INSERT INTO operator_tokens (" CPNS_TOKEN_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?)",
                              token.id, std::string_view(token.name), token.scope, token.made_at, token.expires_at,
                              token.secret_sha256));
    return writer_.record(events::token_made(token, actor));
  };
  writer_.submit(add, std::move(done));
}

void SqliteTokenStore::withdraw(std::string name, ids::UnixTime now, std::string actor, Done done) {
  const auto withdraw = [this, name = std::move(name), now,
                         actor = std::move(actor)](Connection& connection) -> Result<void> {
    CPNS_CHECK(connection.run("DELETE FROM operator_tokens WHERE name = ?", std::string_view(name)));
    if (connection.changes() == 0) return rules::no_such_token(name);
    return writer_.record(events::token_withdrawn(name, now, actor));
  };
  writer_.submit(withdraw, std::move(done));
}

Result<std::optional<OperatorToken>> SqliteTokenStore::find(const TokenId& id) {
  return readers_.with([&](Connection& connection) -> Result<std::optional<OperatorToken>> {
    CPNS_TRY(auto row, connection.query("SELECT " CPNS_TOKEN_COLUMNS " FROM operator_tokens WHERE token_id = ?", id));
    CPNS_TRY(const bool found, row.step());
    if (!found) return std::optional<OperatorToken>();
    CPNS_TRY(auto token, read_token(row));
    return std::optional(std::move(token));
  });
}

Result<std::vector<OperatorToken>> SqliteTokenStore::list() {
  return readers_.with([&](Connection& connection) -> Result<std::vector<OperatorToken>> {
    CPNS_TRY(auto row, connection.query("SELECT " CPNS_TOKEN_COLUMNS " FROM operator_tokens ORDER BY name"));
    std::vector<OperatorToken> tokens;
    for (;;) {
      CPNS_TRY(const bool more, row.step());
      if (!more) return tokens;
      CPNS_TRY(auto token, read_token(row));
      tokens.push_back(std::move(token));
    }
  });
}

#undef CPNS_TOKEN_COLUMNS

}  // namespace cpns::store::sqlite
