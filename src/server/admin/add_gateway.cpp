// POST /v1/gateways: admits an External PN GW and gives its one-time enrolment token.

#include "ims/asserted_identity.hpp"
#include "pngw/enroll_token.hpp"
#include "server/admin/json.hpp"
#include "server/committed.hpp"

namespace cpns::server::admin {

namespace {

struct Wanted {
  ids::PnGwId pn_gw_id;
  std::size_t device_quota;
};

Result<Wanted> parse(const View& view, const std::string& body) {
  CPNS_TRY(const auto json, parse_body(body, {"pn_gw_id", "device_quota"}));
  if (!json.contains("pn_gw_id") || !json.at("pn_gw_id").is_string()) {
    return Error{Code::admin_request_malformed, "no pn_gw_id", R"({"pn_gw_id":"sip:alice@ims.example.net"})"};
  }
  CPNS_TRY(auto id, ids::PnGwId::parse(json.at("pn_gw_id").get_ref<const std::string&>()));
  // It becomes a certificate's URI, and a URI has a scheme.
  if (id.text().find(':') == std::string::npos) {
    return Error{Code::admin_request_malformed, id.text(), "a URI, such as sip:alice@ims.example.net"};
  }
  // One user, one spelling: in other letters it would be another PN GW, and look like the IMS user of that name [L1].
  if (const auto own = ims::public_identity(id.text()); own && *own != id) {
    return Error{Code::admin_request_malformed, id.text(), own->text()};
  }
  std::size_t quota = view.settings.quota.devices;
  if (json.contains("device_quota")) {
    const auto& value = json.at("device_quota");
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() < 1 || value.get<std::uint64_t>() > 1'000'000) {
      return Error{Code::admin_request_malformed, "device_quota " + value.dump().substr(0, 32), "1-1000000"};
    }
    quota = value.get<std::size_t>();
  }
  return Wanted{std::move(id), quota};
}

runtime::Task<Result<Reply>> handle(View& view, Request request) {
  CPNS_CO_TRY(const auto wanted, parse(view, request.body));
  auto& context = view.context;
  const auto when = runtime::now();
  pngw::EnrollToken token{store::TokenId(context.random.bytes<store::TokenId::kSize>()),
                          secret::EnrollSecret::make([&](std::span<std::uint8_t, 16> to) { context.random.fill(to); }),
                          context.server_id,
                          wanted.pn_gw_id,
                          view.operator_endpoint,
                          when + view.settings.token_lifetime};
  const auto enrolment = std::make_shared<store::Enrolment>(
      store::Enrolment{token.token_id, token.pn_gw_id, token.secret.duplicate(), token.expires_at});
  auto& gateways = context.gateways;
  const auto quota = wanted.device_quota;
  auto begin = [&gateways, enrolment, quota, when](store::Done done) {
    gateways.invite(std::move(*enrolment), quota, when, std::move(done));
  };
  auto saved = co_await committed(std::move(begin));
  if (!saved) co_return saved.error();
  context.log.event(Code::gateway_invited, {{"pn_gw_id", wanted.pn_gw_id}, {"device_quota", quota}});

  Json json{{"pn_gw_id", wanted.pn_gw_id.text()},
            {"device_quota", quota},
            {"expires_at", to_json(std::optional(token.expires_at))},
            {"token", pngw::encode_enroll_token(token)}};
  auto made = reply(json, 201);
  secret::wipe(json.at("token").get_ref<std::string&>());
  co_return made;
}

}  // namespace

const Verb kAddGateway{"POST",
                       "/v1/gateways",
                       R"({"pn_gw_id", "device_quota" (optional, 1-1000000)})",
                       R"({"pn_gw_id","device_quota","expires_at","token"})",
                       "admits a PN GW, new or known, and gives its one-time enrolment token; an older one ends",
                       {},
                       handle,
                       store::Scope::Operate};

}  // namespace cpns::server::admin
