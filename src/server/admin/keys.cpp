// /v1/keys: the master keys and alias keys of the server; their bytes are shown nowhere.

#include <charconv>

#include "server/admin/json.hpp"
#include "server/key_keeper.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> status(View& view, Request) {
  CPNS_CO_TRY(const auto status, view.keys.status());
  Json aliases = Json::array();
  for (const auto& key : status.alias_keys) {
    aliases.push_back({{"number", key.number}, {"made_at", to_json(std::optional(key.made_at))}});
  }
  const auto& progress = status.progress;
  co_return reply(Json{{"source", status.source},
                       {"current", status.current},
                       {"master_keys", status.numbers},
                       {"moving_to", progress.number},
                       {"complete", progress.complete && progress.number == status.current},
                       {"done", progress.done},
                       {"total", progress.total},
                       {"unopened", progress.unopened},
                       {"alias_keys", std::move(aliases)}});
}

runtime::Task<Result<Reply>> rotate(View& view, Request request) {
  CPNS_CO_TRY(const auto json, parse_body(request.body, {"which"}));
  const auto which = json.value("which", Json("master"));
  auto actor = request.actor;
  if (which == "alias") {
    const auto made = co_await view.keys.rotate_alias(std::move(actor));
    if (!made) co_return made.error();
    co_return reply(Json{{"which", "alias"}, {"number", *made}});
  }
  if (which != "master") co_return Error{Code::admin_request_malformed, which.dump(), "which: master or alias"};
  const auto made = co_await view.keys.rotate(std::move(actor));
  if (!made) co_return made.error();
  co_return reply(Json{{"which", "master"}, {"number", *made}});
}

runtime::Task<Result<Reply>> remove(View& view, Request request) {
  CPNS_CO_CHECK(parse_body(request.body, {}));
  const auto& text = request.values.front();
  store::KeyNumber number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) {
    co_return Error{Code::admin_request_malformed, text, "the number of a master key"};
  }
  auto actor = request.actor;
  const auto removed = co_await view.keys.remove(number, std::move(actor));
  if (!removed) co_return removed.error();
  co_return reply(Json{{"number", number}, {"state", "removed"}});
}

}  // namespace

const Verb kKeyStatus{
    "GET",
    "/v1/keys",
    "",
    R"({"source","current","master_keys","moving_to","complete","done","total","unopened","alias_keys"})",
    "shows which master keys and alias keys there are, and how far a rotation is",
    {},
    status,
    store::Scope::Read};

const Verb kRotateKeys{"POST",
                       "/v1/keys/rotate",
                       R"({"which"}: "master" (the default) or "alias")",
                       R"({"which","number"})",
                       "makes a new key; every sealed value is moved to a new master key while the server works",
                       {},
                       rotate,
                       store::Scope::Administer};

const Verb kRemoveKey{
    "POST",
    "/v1/keys/{number}/remove",
    "{} or nothing",
    R"({"number","state"})",
    "removes a master key that nothing is sealed under; backups of its time can not be restored any more",
    {},
    remove,
    store::Scope::Administer};

}  // namespace cpns::server::admin
