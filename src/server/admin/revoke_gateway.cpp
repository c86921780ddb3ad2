// POST /v1/gateways/{pn_gw_id}/revoke: ends a PN GW with all its devices [V1].

#include "server/admin/json.hpp"
#include "server/committed.hpp"
#include "server/ims_listener.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> handle(View& view, Request request) {
  CPNS_CO_TRY(const auto id, ids::PnGwId::parse(request.values.front()));
  CPNS_CO_CHECK(parse_body(request.body, {}));
  auto& gateways = view.context.gateways;
  auto begin = [&gateways, id, when = runtime::now()](store::Done done) { gateways.revoke(id, when, std::move(done)); };
  auto revoked = co_await committed(std::move(begin));
  if (!revoked) co_return revoked.error();
  // Durable first: a link that is opened from now on finds the rows revoked.
  auto closed = co_await view.operator_links.close_links(id);
  if (view.ims != nullptr) closed += co_await view.ims->close_links(id);
  closed += co_await view.direct_links.close_links(view.context.devices.list_ids_of(id));
  view.context.log.event(Code::gateway_revoked, {{"pn_gw_id", id}, {"closed_links", closed}});
  co_return reply(Json{{"pn_gw_id", id.text()}, {"state", "revoked"}, {"closed_links", closed}});
}

}  // namespace

const Verb kRevokeGateway{
    "POST",
    "/v1/gateways/{pn_gw_id}/revoke",
    "{} or nothing",
    R"({"pn_gw_id","state","closed_links"})",
    "revokes a PN GW for ever, with all its devices; their open links are closed before the answer",
    {},
    handle,
    store::Scope::Operate};

}  // namespace cpns::server::admin
