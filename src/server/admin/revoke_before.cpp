// POST /v1/revoke-before: ends everything issued before a time [V1].

#include "server/admin/json.hpp"
#include "server/committed.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> handle(View& view, Request request) {
  CPNS_CO_TRY(const auto json, parse_body(request.body, {"before"}));
  const auto now = runtime::now();
  const auto at = json.find("before");
  if (at == json.end() || !at->is_number_integer() || at->get<std::int64_t>() <= 0 ||
      at->get<std::int64_t>() > now.time_since_epoch().count()) {
    co_return Error{Code::admin_request_malformed, at == json.end() ? "nothing" : at->dump(),
                    "before: seconds since 1970 UTC, not in the future"};
  }
  const ids::UnixTime before{std::chrono::seconds(at->get<std::int64_t>())};
  auto& devices = view.context.devices;
  auto begin = [&devices, before, now](store::Done done) { devices.revoke_before(before, now, std::move(done)); };
  auto revoked = co_await committed(std::move(begin));
  if (!revoked) co_return revoked.error();
  const auto closed = co_await view.direct_links.close_ended();
  view.context.log.event(Code::issued_before_revoked,
                         {{"before", before.time_since_epoch().count()}, {"closed_links", closed}});
  co_return reply(Json{{"before", to_json(std::optional(before))}, {"closed_links", closed}});
}

}  // namespace

const Verb kRevokeBefore{
    "POST",
    "/v1/revoke-before",
    "{\"before\"}: seconds since 1970 UTC",
    R"({"before","closed_links"})",
    "revokes every device whose key was issued before a time; their open links are closed before the answer",
    {},
    handle,
    store::Scope::Operate};

}  // namespace cpns::server::admin
