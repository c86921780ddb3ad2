// GET /v1/status: how the server is.

#include "server/admin/json.hpp"
#include "server/ims_listener.hpp"

namespace cpns::server::admin {

namespace {

// Those who come: how many wait, and what devices are told about coming back.
Json of(const AcceptQueue::Status& arrivals) {
  return {{"storm", arrivals.storm},
          {"waiting", arrivals.waiting},
          {"wait_ms", arrivals.estimate.count()},
          {"turned_away", arrivals.turned_away},
          {"handshakes_per_second", static_cast<std::uint64_t>(arrivals.handshakes_per_second)},
          {"devices", arrivals.devices},
          {"return_within_ms", arrivals.return_within.count()}};
}

runtime::Task<Result<Reply>> handle(View& view, Request) {
  Json listeners = Json::array();
  for (const auto& [link, address] : view.listeners) listeners.push_back({{"link", link}, {"address", address}});
  Json services = Json::object();
  for (const auto& [name, service] : view.settings.services) services[name] = service.upstream.text();
  const auto direct = co_await view.direct_links.counts();
  co_return reply(Json{{"version", CPNS_VERSION},
                       {"server_id", view.context.server_id.text()},
                       {"started_at", to_json(std::optional(view.started_at))},
                       {"uptime_seconds", (runtime::now() - view.started_at).count()},
                       {"threads", view.direct_links.count()},
                       {"operator_links", view.operator_links.links()},
                       {"ims_users", view.ims == nullptr ? Json(nullptr) : Json(view.ims->users())},
                       {"ims_links", view.ims == nullptr ? Json(nullptr) : Json(view.ims->links())},
                       {"bearer_tokens", view.operator_links.bearers().size()},
                       {"relayed_connections", view.operator_links.relays()},
                       {"operator_half_open", view.operator_links.half_open()},
                       {"direct_http_links", direct.http_links},
                       {"direct_cpns_links", direct.cpns_links},
                       {"sessions", direct.sessions},
                       {"streams", direct.streams},
                       {"direct_half_open", direct.half_open},
                       {"direct_half_open_dropped", direct.half_open_dropped},
                       {"arrivals", of(direct.arrivals)},
                       {"identities", view.context.identities.size()},
                       {"identity_store_reads", direct.identity_store_reads},
                       {"identity_filtered", direct.identity_filtered},
                       {"listeners", std::move(listeners)},
                       {"services", std::move(services)}});
}

}  // namespace

const Verb kStatus{
    "GET",
    "/v1/status",
    "",
    R"({"version","server_id","started_at","uptime_seconds","operator_links",...,"listeners","services"})",
    "shows version, uptime, open links and listeners",
    {},
    handle,
    store::Scope::Read};

}  // namespace cpns::server::admin
