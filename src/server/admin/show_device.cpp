// GET /v1/devices/{cm_device_id}: one device.

#include "server/admin/json.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> handle(View& view, Request request) {
  CPNS_CO_TRY(const auto id, ids::CmDeviceId::parse(request.values.front()));
  CPNS_CO_TRY(const auto device, view.context.devices.show(id));
  if (!device) co_return Error{Code::device_not_found, id.text(), "a device of GET /v1/devices"};
  auto json = to_json(*device);
  json["open_links"] = co_await view.direct_links.peers(id);
  co_return reply(json);
}

}  // namespace

const Verb kShowDevice{"GET",
                       "/v1/devices/{cm_device_id}",
                       "",
                       R"({"cm_device_id","state",...,"open_links":[address]})",
                       "shows one device and where its open links come from",
                       {},
                       handle,
                       store::Scope::Read};

}  // namespace cpns::server::admin
