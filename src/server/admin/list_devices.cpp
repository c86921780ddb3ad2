// GET /v1/devices: one page of devices and assignments.

#include "server/admin/json.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> handle(View& view, Request request) {
  CPNS_CO_TRY(const auto limit, page_size(request));
  std::optional<ids::AssignmentId> after;
  if (const auto found = request.query.find("after"); found != request.query.end()) {
    CPNS_CO_TRY(const auto bytes, from_hex(found->second));
    after = ids::AssignmentId::from(bytes);
    if (!after) co_return Error{Code::admin_request_malformed, "after=" + found->second, "`next` of the page before"};
  }
  CPNS_CO_TRY(const auto page, view.context.devices.list(after, limit));
  Json list = Json::array();
  for (const auto& device : page) list.push_back(to_json(device));
  co_return reply(Json{{"devices", std::move(list)},
                       {"next", page.size() == limit ? Json(page.back().assignment_id.hex()) : Json(nullptr)}});
}

}  // namespace

const Verb kListDevices{"GET",
                        "/v1/devices",
                        "?after=NEXT&limit=1-1000 (500)",
                        R"({"devices":[{"cm_device_id","state","device_name","pn_gw_id",...}],"next"})",
                        "lists devices, pending ones too; `next` goes into `after` for the next page",
                        {"after", "limit"},
                        handle,
                        store::Scope::Read};

}  // namespace cpns::server::admin
