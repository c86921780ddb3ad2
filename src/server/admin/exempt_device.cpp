// POST /v1/devices/{cm_device_id}/exempt: a device that can not renew [R6].

#include "server/admin/json.hpp"
#include "server/committed.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> handle(View& view, Request request) {
  CPNS_CO_TRY(const auto id, ids::CmDeviceId::parse(request.values.front()));
  CPNS_CO_CHECK(parse_body(request.body, {}));
  auto& devices = view.context.devices;
  const auto when = runtime::now();
  auto begin = [&devices, id, when](store::Done done) { devices.exempt(id, when, std::move(done)); };
  auto exempted = co_await committed(std::move(begin));
  if (!exempted) co_return exempted.error();
  view.context.log.event(Code::device_exempted, {{"cm_device_id", id}});
  co_return reply(Json{{"cm_device_id", id.text()}, {"exempted_at", to_json(std::optional(when))}});
}

}  // namespace

const Verb kExemptDevice{"POST",
                         "/v1/devices/{cm_device_id}/exempt",
                         "{} or nothing",
                         R"({"cm_device_id","exempted_at"})",
                         "exempts a device from renewing its first key; it stays marked so",
                         {},
                         handle,
                         store::Scope::Operate};

}  // namespace cpns::server::admin
