// POST /v1/gateways/{pn_gw_id}/invite: asks a PN GW to begin an assignment (ActivationInvite).

#include "server/admin/json.hpp"
#include "server/ims_listener.hpp"

namespace cpns::server::admin {

namespace {

runtime::Task<Result<Reply>> handle(View& view, Request request) {
  CPNS_CO_TRY(const auto id, ids::PnGwId::parse(request.values.front()));
  CPNS_CO_TRY(const auto json, parse_body(request.body, {"device_name"}));
  if (!json.contains("device_name") || !json.at("device_name").is_string()) {
    co_return Error{Code::admin_request_malformed, "no device_name", R"({"device_name":"tablet"})"};
  }
  CPNS_CO_TRY(const auto name, ids::DeviceName::parse(json.at("device_name").get_ref<const std::string&>()));
  CPNS_CO_TRY(const auto gateway, view.context.gateways.find(id));
  if (gateway && gateway->state == store::GatewayState::Revoked) {
    co_return Error{Code::gateway_is_revoked, id.text(), "a PN GW that is not revoked"};
  }
  const bool certificate = gateway && gateway->binding() == store::Binding::Certificate;
  Result<void> sent;
  if (certificate || view.ims == nullptr) {
    sent = co_await view.operator_links.invite(id, name);
  } else {
    sent = co_await view.ims->invite(id, name);
  }
  if (!sent) co_return sent.error();
  view.context.log.event(Code::activation_invite_sent, {{"pn_gw_id", id}, {"device_name", name.text()}});
  co_return reply(Json{{"pn_gw_id", id.text()}, {"device_name", name.text()}, {"state", "invited"}});
}

}  // namespace

const Verb kInviteGateway{
    "POST",
    "/v1/gateways/{pn_gw_id}/invite",
    R"({"device_name"})",
    R"({"pn_gw_id","device_name","state"})",
    "asks a PN GW to activate a device: over its open operator link, or through the operator's IMS core",
    {},
    handle,
    store::Scope::Operate};

}  // namespace cpns::server::admin
