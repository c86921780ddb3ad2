// GET /v1/gateways: one page of External PN GWs.

#include "server/admin/json.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> handle(View& view, Request request) {
  CPNS_CO_TRY(const auto limit, page_size(request));
  std::optional<ids::PnGwId> after;
  if (const auto found = request.query.find("after"); found != request.query.end()) {
    CPNS_CO_TRY(after, ids::PnGwId::parse(found->second));
  }
  CPNS_CO_TRY(const auto page, view.context.gateways.list(after, limit));
  Json list = Json::array();
  for (const auto& gateway : page) list.push_back(to_json(gateway));
  co_return reply(Json{{"gateways", std::move(list)},
                       {"next", page.size() == limit ? Json(page.back().pn_gw_id.text()) : Json(nullptr)}});
}

}  // namespace

const Verb kListGateways{"GET",
                         "/v1/gateways",
                         "?after=PN_GW_ID&limit=1-1000 (500)",
                         R"({"gateways":[{"pn_gw_id","state","device_count","device_quota",...}],"next"})",
                         "lists PN GWs in order of identity; `next` goes into `after` for the next page",
                         {"after", "limit"},
                         handle,
                         store::Scope::Read};

}  // namespace cpns::server::admin
