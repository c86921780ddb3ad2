#include "gateway/status.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/files.hpp"
#include "runtime/time_text.hpp"
#include "tls/certificate_uri.hpp"
#include "tls/x509.hpp"

namespace cpns::gateway {
namespace {

constexpr std::size_t kMaxCertificatePem = std::size_t{64} * 1024;
constexpr std::size_t kMaxRegistration = 64;
constexpr std::size_t kPage = 256;

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string joined(const std::vector<ids::Endpoint>& endpoints) {
  std::string text;
  for (const auto& endpoint : endpoints) text += (text.empty() ? "" : ", ") + endpoint.text();
  return text;
}

std::int64_t seconds(ids::UnixTime time) { return time.time_since_epoch().count(); }

// What the process says; what its file says where none answers.
GatewayStatus::Relay relay_of(std::optional<RelayStatus> said, const pngw::RelayLimits& configured,
                              const std::vector<store::PanPeerInfo>& peers) {
  if (!said) return {configured};
  GatewayStatus::Relay relay{said->limits, said->opening, std::vector<GatewayStatus::Carried>()};
  for (const auto& one : said->carried) {
    const auto peer = std::ranges::find(peers, one.peer, &store::PanPeerInfo::pairing_id);
    relay.carried->push_back({one, peer == peers.end() ? std::string() : peer->device_name.text()});
  }
  return relay;
}

std::string to_text(const GatewayStatus::Relay& relay) {
  const auto& limits = relay.limits;
  if (!limits.enabled) return "Relay        off\n";
  std::string text = "Relay        ";
  if (relay.carried) {
    text +=
        std::to_string(relay.carried->size()) + " carried now, " + std::to_string(relay.opening) + " being opened; ";
  }
  text += "at most " + std::to_string(limits.connections) + " of a device, " + std::to_string(limits.all_connections) +
          " in all" + (limits.only_cpns ? ", CPNS only" : "") + "\n             " +
          (limits.bytes_per_second == 0 ? std::string("no limit of speed")
                                        : std::to_string(limits.bytes_per_second) + " bytes a second of a device") +
          ", silence ends one after " + std::to_string(limits.idle.count() / 1000) + " s\n";
  if (!relay.carried || relay.carried->empty()) return text;
  text += "\nSINCE                    KIND        BYTES UP      BYTES DOWN    DEVICE\n";
  const auto padded = [](std::string cell, std::size_t width) {
    cell.resize(std::max(width, cell.size() + 2), ' ');
    return cell;
  };
  for (const auto& [one, device_name] : *relay.carried) {
    text += runtime::time_text(one.since) + "  " + padded(std::string(pngw::name_of(one.kind)), 12) +
            padded(std::to_string(one.bytes_up), 14) + padded(std::to_string(one.bytes_down), 14) +
            (device_name.empty() ? one.peer.hex() : device_name) + "\n";
  }
  return text;
}

Json to_json(const GatewayStatus::Relay& relay) {
  Json json{{"enabled", relay.limits.enabled},
            {"limits",
             {{"connections_per_device", relay.limits.connections},
              {"connections", relay.limits.all_connections},
              {"bytes_per_second", relay.limits.bytes_per_second},
              {"idle_seconds", relay.limits.idle.count() / 1000},
              {"only_cpns", relay.limits.only_cpns}}}};
  if (!relay.carried) {
    json.update(Json{{"opening", nullptr}, {"carried", nullptr}});
    return json;
  }
  Json carried = Json::array();
  for (const auto& [one, device_name] : *relay.carried) {
    carried.push_back(Json{{"pairing_id", one.peer.hex()},
                           {"device_name", device_name},
                           {"kind", pngw::name_of(one.kind)},
                           {"since", seconds(one.since)},
                           {"bytes_up", one.bytes_up},
                           {"bytes_down", one.bytes_down}});
  }
  json.update(Json{{"opening", relay.opening}, {"carried", std::move(carried)}});
  return json;
}

}  // namespace

Result<GatewayStatus> read_status(const GatewayFolder& folder, const GatewayConfig& config,
                                  store::PairingStore& pairings, ids::UnixTime now) {
  CPNS_TRY(const auto peers, read_peers(pairings));
  std::size_t waiting = 0;
  for (const auto& peer : peers) waiting += peer.credential_waiting ? 1 : 0;
  const bool running = RunLock::is_taken(folder);
  const auto complete = [&](ids::PnGwId id, auto link) {
    GatewayStatus status{
        std::move(id), config.operator_link.server_id, std::move(link), running, {}, peers.size(), waiting, {}};
    status.relay = relay_of(running ? ask_relay_status(folder) : std::nullopt, config.relay, peers);
    if (auto endpoints = endpoints_of_running(folder)) status.pan_endpoints = std::move(*endpoints);
    return status;
  };
  if (const auto* ims = std::get_if<ImsSettings>(&config.operator_link.kind)) {
    const auto said = runtime::read_file(folder.registration(), kMaxRegistration);
    const bool registered = running && said && as_text(*said) == "registered";
    return complete(ims->user, GatewayStatus::Ims{ims->service, ims->pcscf, registered});
  }
  CPNS_TRY(const auto chain, runtime::read_file(folder.certificate(), kMaxCertificatePem));
  CPNS_TRY(const auto info, tls::certificate_info(chain));
  CPNS_TRY(auto pn_gw_id, tls::pn_gw_id_of(info.uris));
  const auto& server = std::get<StandaloneSettings>(config.operator_link.kind).server;
  return complete(std::move(pn_gw_id), GatewayStatus::Standalone{server, info.not_after, info.days_left(now)});
}

std::string to_text(const GatewayStatus& status) {
  auto text = "PN GW        " + status.pn_gw_id.text() + "\nCPNS Server  " + status.server_id.text();
  if (const auto* ims = std::get_if<GatewayStatus::Ims>(&status.operator_link)) {
    text += " as " + ims->service + "\nIMS          " + (ims->registered ? "registered" : "not registered") +
            ", P-CSCF " + ims->pcscf.text();
  } else {
    const auto& standalone = std::get<GatewayStatus::Standalone>(status.operator_link);
    text += " at " + standalone.server.text() + "\nCertificate  ends " +
            runtime::time_text(standalone.certificate_ends) + ", in " +
            std::to_string(standalone.certificate_days_left) + " days";
  }
  return text + "\nRunning      " +
         (status.running ? "yes, PAN link at " + joined(status.pan_endpoints) : std::string("no")) + "\nDevices      " +
         std::to_string(status.peers) + " paired, " + std::to_string(status.credentials_waiting) +
         " with a credential waiting\n" + to_text(status.relay);
}

std::string to_json(const GatewayStatus& status) {
  Json endpoints = Json::array();
  for (const auto& endpoint : status.pan_endpoints) endpoints.push_back(endpoint.text());
  Json json{{"pn_gw_id", status.pn_gw_id.text()}, {"server_id", status.server_id.text()}};
  if (const auto* ims = std::get_if<GatewayStatus::Ims>(&status.operator_link)) {
    json.update(Json{{"operator_link", "ims"},
                     {"service", ims->service},
                     {"pcscf", ims->pcscf.text()},
                     {"registered", ims->registered}});
  } else {
    const auto& standalone = std::get<GatewayStatus::Standalone>(status.operator_link);
    json.update(Json{{"operator_link", "standalone"},
                     {"server", standalone.server.text()},
                     {"certificate_ends", seconds(standalone.certificate_ends)},
                     {"certificate_days_left", standalone.certificate_days_left}});
  }
  json.update(Json{{"running", status.running},
                   {"pan_endpoints", std::move(endpoints)},
                   {"peers", status.peers},
                   {"credentials_waiting", status.credentials_waiting},
                   {"relay", to_json(status.relay)}});
  return dump(json);
}

Result<std::vector<store::PanPeerInfo>> read_peers(store::PairingStore& pairings) {
  std::vector<store::PanPeerInfo> all;
  std::optional<store::PairingId> after;
  while (true) {
    CPNS_TRY(auto page, pairings.list_peers(after, kPage));
    if (page.empty()) return all;
    after = page.back().pairing_id;
    for (auto& peer : page) all.push_back(std::move(peer));
  }
}

std::string to_text(const std::vector<store::PanPeerInfo>& peers) {
  if (peers.empty()) return "No device is paired yet: `cpns-gateway pair` makes a code for one.\n";
  std::string text = "PAIRING           PAIRED AT                CREDENTIAL  DEVICE\n";
  for (const auto& peer : peers) {
    text += peer.pairing_id.hex() + "  " + runtime::time_text(peer.paired_at) + "  " +
            (peer.credential_waiting ? "waiting     " : "-           ") + peer.device_name.text() + "\n";
  }
  return text;
}

std::string to_json(const std::vector<store::PanPeerInfo>& peers) {
  Json list = Json::array();
  for (const auto& peer : peers) {
    list.push_back(Json{{"pairing_id", peer.pairing_id.hex()},
                        {"device_name", peer.device_name.text()},
                        {"paired_at", seconds(peer.paired_at)},
                        {"credential_waiting", peer.credential_waiting}});
  }
  return dump(list);
}

}  // namespace cpns::gateway
