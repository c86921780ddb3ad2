// POST /v1/devices/{cm_device_id}/revoke: ends a device for ever [V1].

#include "server/admin/json.hpp"
#include "server/committed.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> handle(View& view, Request request) {
  CPNS_CO_TRY(const auto id, ids::CmDeviceId::parse(request.values.front()));
  CPNS_CO_CHECK(parse_body(request.body, {}));
  auto& devices = view.context.devices;
  auto begin = [&devices, id, when = runtime::now()](store::Done done) { devices.revoke(id, when, std::move(done)); };
  auto revoked = co_await committed(std::move(begin));
  if (!revoked) co_return revoked.error();
  // Durable first: a link that is opened from now on finds the row revoked.
  const auto closed = co_await view.direct_links.close_links(devices.kin(id));
  view.context.log.event(Code::device_revoked, {{"cm_device_id", id}, {"closed_links", closed}});
  co_return reply(Json{{"cm_device_id", id.text()}, {"state", "revoked"}, {"closed_links", closed}});
}

}  // namespace

const Verb kRevokeDevice{"POST",
                         "/v1/devices/{cm_device_id}/revoke",
                         "{} or nothing",
                         R"({"cm_device_id","state","closed_links"})",
                         "revokes a device for ever; its open links are closed before the answer",
                         {},
                         handle,
                         store::Scope::Operate};

}  // namespace cpns::server::admin
