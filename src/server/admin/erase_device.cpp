// POST /v1/devices/{cm_device_id}/erase: what the Server keeps of a device goes.

#include "server/admin/json.hpp"
#include "server/committed.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> handle(View& view, Request request) {
  CPNS_CO_TRY(const auto id, ids::CmDeviceId::parse(request.values.front()));
  CPNS_CO_CHECK(parse_body(request.body, {}));
  auto& devices = view.context.devices;
  // Before, for nobody can tell afterwards; who joins them meanwhile is found by its missing row.
  CPNS_CO_TRY(auto kin, devices.kin(id));
  auto begin = [&devices, id, when = runtime::now()](store::Done done) { devices.erase(id, when, std::move(done)); };
  auto erased = co_await committed(std::move(begin));
  if (!erased) co_return erased.error();
  view.context.identities.remove(id);
  const auto of_kin = co_await view.direct_links.close_links(std::move(kin));
  const auto closed = of_kin + co_await view.direct_links.close_ended();
  view.context.log.event(Code::device_erased, {{"cm_device_id", id}, {"by", "operator"}, {"closed_links", closed}});
  co_return reply(Json{{"cm_device_id", id.text()}, {"state", "erased"}, {"closed_links", closed}});
}

}  // namespace

const Verb kEraseDevice{"POST",
                        "/v1/devices/{cm_device_id}/erase",
                        "{} or nothing",
                        R"({"cm_device_id","state","closed_links"})",
                        "erases a device for ever, whatever its state; its open links are closed before the answer",
                        {},
                        handle,
                        store::Scope::Operate};

}  // namespace cpns::server::admin
