#include "server/admin/json.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "runtime/clock.hpp"

namespace cpns::server::admin {

namespace {

constexpr std::size_t kPage = 500;
constexpr std::size_t kMaxPage = 1000;

unsigned status_of(const Error& error) {
  switch (error.code) {
    case Code::admin_token_refused:
      return 401;
    case Code::admin_scope_too_small:
      return 403;
    case Code::admin_token_unknown:
    case Code::admin_path_unknown:
    case Code::device_not_found:
    case Code::gateway_not_found:
      return 404;
    case Code::admin_body_too_long:
      return 413;
    case Code::gateway_not_linked:
    case Code::ims_invite_refused:
      return 409;
    default:
      break;
  }
  switch (error.error_class()) {
    case MessageClass::Store:
    case MessageClass::Internal:
      return 503;
    case MessageClass::Local:
      return 409;
    default:
      return 400;
  }
}

}  // namespace

Json to_json(const std::optional<ids::UnixTime>& time) {
  if (!time) return nullptr;
  const std::time_t seconds = time->time_since_epoch().count();
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return nullptr;
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text.data(), size);
}

Json to_json(const store::GatewayInfo& gateway) {
  return {
      {"pn_gw_id", gateway.pn_gw_id.text()},
      {"state", store::to_text(gateway.state)},
      {"binding", store::to_text(gateway.binding())},
      {"device_count", gateway.device_count},
      {"device_quota", gateway.device_quota},
      {"added_at", to_json(std::optional(gateway.added_at))},
      {"enrolled_at", to_json(gateway.enrolled_at)},
      {"certificate_sha256", gateway.certificate_sha256 ? Json(to_hex(*gateway.certificate_sha256)) : Json(nullptr)}};
}

Json to_json(const store::DeviceInfo& device) {
  return {{"cm_device_id", device.cm_device_id ? Json(device.cm_device_id->text()) : Json(nullptr)},
          {"state", store::to_text(device.state_at(runtime::now()))},
          {"device_name", device.device_name.text()},
          {"pn_gw_id", device.pn_gw_id.text()},
          {"assignment_id", device.assignment_id.hex()},
          {"run", device.correlation_id.hex()},
          {"created_at", to_json(std::optional(device.created_at))},
          {"activated_at", to_json(device.activated_at)},
          {"in_use_at", to_json(device.in_use_at)},
          {"expires_at", to_json(device.expires_at)},
          {"revoked_at", to_json(device.revoked_at)},
          {"renew_by", to_json(device.renew_by)},
          {"renews", device.renews ? Json(device.renews->text()) : Json(nullptr)},
          {"exempted_at", to_json(device.exempted_at)}};
}

Json to_json(const Error& error) {
  const auto& info = error.info();
  return {{"code", info.id},
          {"text", info.text},
          {"got", error.got},
          {"expected", error.expected},
          {"action", info.action}};
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Reply reply(const Json& json, unsigned status) { return {status, dump(json)}; }

Reply reply(const Error& error) { return reply(to_json(error), status_of(error)); }

Result<Json> parse_body(const std::string& body, std::initializer_list<std::string_view> names) {
  auto json = body.empty() ? Json::object() : Json::parse(body, nullptr, false);
  if (!json.is_object())
    return Error{Code::admin_request_malformed, json.is_discarded() ? "a body that is not JSON" : json.type_name(),
                 "a JSON object"};
  for (const auto& [name, value] : json.items()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::string expected = names.size() == 0 ? "no members" : "";
      for (const auto known : names) expected += (expected.empty() ? "" : ", ") + std::string(known);
      return Error{Code::admin_member_unknown, name.substr(0, 64), expected};
    }
  }
  return json;
}

Result<std::size_t> page_size(const Request& request) {
  const auto found = request.query.find("limit");
  if (found == request.query.end()) return kPage;
  const auto& text = found->second;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || end != text.data() + text.size() || limit < 1 || limit > kMaxPage) {
    return Error{Code::admin_request_malformed, "limit=" + text, "1-" + std::to_string(kMaxPage)};
  }
  return limit;
}

}  // namespace cpns::server::admin
