// /v1/tokens: tokens of operators.

#include "server/admin/access.hpp"
#include "server/admin/json.hpp"
#include "server/committed.hpp"

namespace cpns::server::admin {

namespace {

constexpr std::int64_t kDefaultDays = 90;
constexpr std::int64_t kMostDays = 365;

Json shown(const store::OperatorToken& token) {
  return {{"name", token.name},
          {"scope", to_text(token.scope)},
          {"made_at", to_json(std::optional(token.made_at))},
          {"expires_at", to_json(std::optional(token.expires_at))}};
}

runtime::Task<Result<Reply>> list(View& view, Request) {
  CPNS_CO_TRY(const auto tokens, view.tokens.list());
  Json rows = Json::array();
  for (const auto& token : tokens) rows.push_back(shown(token));
  co_return reply(Json{{"tokens", std::move(rows)}});
}

struct Wanted {
  std::string name;
  store::Scope scope;
  std::chrono::seconds life;
};

Result<Wanted> read(const std::string& body) {
  CPNS_TRY(const auto json, parse_body(body, {"name", "scope", "days"}));
  const auto text = [&](const char* member) {
    const auto at = json.find(member);
    return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  auto name = text("name");
  if (!is_operator_name(name) || name == "operator" || name == "server") {
    return Error{Code::admin_request_malformed, "name " + name,
                 "1-63 of a-z, 0-9, '-', '.', '_' and '@'; neither operator nor server"};
  }
  const auto scope = store::scope_of(text("scope"));
  if (!scope) return Error{Code::admin_request_malformed, "scope " + text("scope"), "read, operate or administer"};
  const auto days = json.value("days", Json(kDefaultDays));
  if (!days.is_number_integer() || days.get<std::int64_t>() < 1 || days.get<std::int64_t>() > kMostDays) {
    return Error{Code::admin_request_malformed, "days " + days.dump(), "1-365"};
  }
  return Wanted{std::move(name), *scope, std::chrono::hours(24 * days.get<std::int64_t>())};
}

runtime::Task<Result<Reply>> add(View& view, Request request) {
  CPNS_CO_TRY(auto wanted, read(request.body));
  auto made =
      make_operator_token(std::move(wanted.name), wanted.scope, runtime::now(), wanted.life, view.context.random);
  auto& tokens = view.tokens;
  auto begin = [&tokens, token = made.token, actor = request.actor](store::Done done) {
    tokens.add(token, actor, std::move(done));
  };
  const auto saved = co_await committed(std::move(begin));
  if (!saved) {
    secret::wipe(made.text);
    co_return saved.error();
  }
  view.context.log.event(Code::admin_token_made, {{"token", made.token.name}, {"by", request.actor}});
  auto json = shown(made.token);
  json["token"] = std::move(made.text);
  auto answer = reply(json, 201);
  secret::wipe(json.at("token").get_ref<std::string&>());
  co_return answer;
}

runtime::Task<Result<Reply>> withdraw(View& view, Request request) {
  CPNS_CO_CHECK(parse_body(request.body, {}));
  const auto name = request.values.front();
  auto& tokens = view.tokens;
  auto begin = [&tokens, name, actor = request.actor](store::Done done) {
    tokens.withdraw(name, runtime::now(), actor, std::move(done));
  };
  const auto gone = co_await committed(std::move(begin));
  if (!gone) co_return gone.error();
  view.context.log.event(Code::admin_token_withdrawn, {{"token", name}, {"by", request.actor}});
  co_return reply(Json{{"name", name}, {"state", "withdrawn"}});
}

}  // namespace

const Verb kListTokens{"GET",
                       "/v1/tokens",
                       "",
                       R"({"tokens":[{"name","scope","made_at","expires_at"}]})",
                       "lists the tokens of operators, without their secrets",
                       {},
                       list,
                       store::Scope::Administer};

const Verb kAddToken{"POST",
                     "/v1/tokens",
                     R"({"name", "scope": read, operate or administer, "days" (optional, 1-365)})",
                     R"({"name","scope","made_at","expires_at","token"})",
                     "makes a token for an operator; it is shown this once",
                     {},
                     add,
                     store::Scope::Administer};

const Verb kWithdrawToken{
    "POST",   "/v1/tokens/{name}/withdraw", "{} or nothing", R"({"name","state"})", "ends a token at once", {},
    withdraw, store::Scope::Administer};

}  // namespace cpns::server::admin
