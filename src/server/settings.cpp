#include "server/settings.hpp"

#include <boost/asio/ip/address.hpp>

#include "ims/asserted_identity.hpp"
#include "runtime/config.hpp"

namespace cpns::server {

namespace {

using runtime::Config;
using runtime::ConfigTable;
using std::chrono::seconds;

Result<std::size_t> count(const ConfigTable& table, std::string_view key, std::int64_t fallback, std::int64_t most) {
  CPNS_TRY(const auto value, table.integer(key, fallback, 1, most));
  return static_cast<std::size_t>(value);
}

Result<std::chrono::milliseconds> limit(const ConfigTable& table, std::string_view key, int fallback, int most) {
  CPNS_TRY(const auto value, table.seconds(key, seconds(fallback), seconds(1), seconds(most)));
  return std::chrono::milliseconds(value);
}

Result<ListenAddress> listen(const ConfigTable& table, std::string_view fallback) {
  CPNS_TRY(const auto address, table.address("listen", fallback, true));
  return ListenAddress{address.host, address.port};
}

Result<ids::Endpoint> endpoint(const ConfigTable& table, std::string_view key, const std::string& text) {
  auto parsed = ids::Endpoint::parse(text);
  if (!parsed) return table.refuse(key, text, "host:port with a port of 1-65535");
  return std::move(parsed).value();
}

Result<OperatorSettings> operator_settings(const ConfigTable& table) {
  OperatorSettings made;
  CPNS_TRY(made.listen, listen(table, "0.0.0.0:7440"));
  CPNS_TRY(const auto text, table.text("endpoint", ""));
  if (!text.empty()) {
    CPNS_TRY(made.endpoint, endpoint(table, "endpoint", text));
  }
  CPNS_TRY(made.max_links, count(table, "max_links", 1024, 100'000));
  CPNS_TRY(made.links_per_gateway, count(table, "links_per_gateway", 4, 64));
  CPNS_TRY(made.relays_per_gateway, count(table, "relays_per_gateway", 256, 100'000));
  CPNS_TRY(made.max_half_open, count(table, "max_half_open", 256, 100'000));
  CPNS_TRY(made.handshake, limit(table, "handshake_seconds", 10, 60));
  CPNS_TRY(made.limits.runs, count(table, "runs_per_link", 32, 1000));
  CPNS_TRY(made.limits.idle, limit(table, "idle_seconds", 600, 86'400));
  CPNS_TRY(const auto rate, count(table, "messages_per_second", 200, 100'000));
  made.limits.messages_per_second = static_cast<double>(rate);
  return made;
}

Result<DirectSettings> direct_settings(const ConfigTable& table) {
  DirectSettings made;
  CPNS_TRY(made.listen, listen(table, "0.0.0.0:7443"));
  CPNS_TRY(const auto texts, table.texts("endpoints", {}, assign::kMaxEndpoints));
  for (const auto& text : texts) {
    CPNS_TRY(auto parsed, endpoint(table, "endpoints", text));
    made.endpoints.push_back(std::move(parsed));
  }
  CPNS_TRY(made.allow_plain_identity, table.flag("allow_plain_identity", true));
  CPNS_TRY(made.allow_p256, table.flag("allow_p256", false));
  CPNS_TRY(const auto engine, table.choice("engine", "openssl", {"openssl", "psk13"}));
  made.engine = engine == "psk13" ? tls::EngineKind::Psk13 : tls::EngineKind::OpenSsl;
  CPNS_TRY(made.max_half_open, count(table, "max_half_open", 4096, 1'000'000));
  CPNS_TRY(made.accept_queue, count(table, "accept_queue", 16'384, 1'000'000));
  CPNS_TRY(made.accept_wait, limit(table, "accept_wait_seconds", 5, 60));
  CPNS_TRY(made.handshake, limit(table, "handshake_seconds", 10, 60));
  CPNS_TRY(made.http_links_per_device, count(table, "http_links_per_device", 8, 1000));
  CPNS_TRY(made.cpns_links_per_device, count(table, "cpns_links_per_device", 2, 100));
  CPNS_TRY(made.switch_time, limit(table, "switch_seconds", 30, 3600));
  CPNS_TRY(made.ping, limit(table, "ping_seconds", 30, 3600));
  CPNS_TRY(made.dead, limit(table, "dead_seconds", 90, 7200));
  if (made.dead <= made.ping)
    return table.refuse("dead_seconds", std::to_string(made.dead.count() / 1000), "more than ping_seconds");
  return made;
}

Result<HttpLimits> http_limits(const ConfigTable& table) {
  HttpLimits made;
  CPNS_TRY(made.head, limit(table, "head_seconds", 10, 600));
  CPNS_TRY(made.body_idle, limit(table, "body_idle_seconds", 60, 3600));
  CPNS_TRY(made.keep_alive, limit(table, "keep_alive_seconds", 60, 3600));
  CPNS_TRY(made.connect, limit(table, "connect_seconds", 5, 60));
  CPNS_TRY(made.upstream, limit(table, "upstream_seconds", 60, 86'400));
  CPNS_TRY(made.tunnel_idle, limit(table, "tunnel_idle_seconds", 600, 86'400));
  return made;
}

Result<SessionSettings> session_settings(const ConfigTable& table) {
  SessionSettings made;
  CPNS_TRY(made.limits.resume, limit(table, "resume_seconds", 120, 3600));
  CPNS_TRY(made.limits.streams, count(table, "streams", 128, 512));
  CPNS_TRY(const auto window, count(table, "window_kib", 1024, 16'384));
  CPNS_TRY(const auto buffer, count(table, "buffer_mib", 16, 1024));
  made.limits.window = std::max(window << 10U, made.limits.initial_window);
  made.limits.buffer = buffer << 20U;
  CPNS_TRY(made.per_caller, count(table, "sessions_per_caller", 4, 100));
  return made;
}

/// A service's name is a label of a host name, because the Host field carries it.
bool is_service_name(std::string_view name) {
  if (name.empty() || name.size() > 63 || name.front() == '-' || name.back() == '-') return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

Result<Services> services(const ConfigTable& root) {
  Services made;
  CPNS_TRY(const auto tables, root.tables("service"));
  for (const auto& [name, table] : tables) {
    if (!is_service_name(name)) return table.refuse("", name, "a service name of a-z, 0-9 and - (1-63 of them)");
    CPNS_TRY(const auto text, table.required_text("upstream"));
    CPNS_TRY(auto upstream, endpoint(table, "upstream", text));
    CPNS_TRY(const auto kind, table.choice("kind", "http", {"http", "tcp"}));
    CPNS_TRY(const auto proxy_protocol, table.choice("proxy_protocol", "none", {"none", "v2"}));
    if (kind == "http" && proxy_protocol != "none") {
      return table.refuse("proxy_protocol", proxy_protocol, "none: an HTTP service gets header fields");
    }
    made.emplace(name, Service{std::move(upstream), kind == "http" ? ServiceKind::Http : ServiceKind::Tcp,
                               proxy_protocol == "v2"});
  }
  return made;
}

Result<KeySettings> key_settings(const ConfigTable& table) {
  KeySettings made;
  CPNS_TRY(made.source, table.choice("source", "file", {"file", "credential", "pkcs11"}));
  CPNS_TRY(made.module, table.path("module", ""));
  CPNS_TRY(made.token, table.text("token", ""));
  CPNS_TRY(made.label, table.text("label", "cpns-master"));
  CPNS_TRY(const auto pin, table.text("pin_file", ""));
  made.pin_file = pin;
  if (!pin.starts_with("credential:")) {
    CPNS_TRY(const auto path, table.path("pin_file", ""));
    made.pin_file = path.string();
  }
  if (made.source == "pkcs11" && (made.module.empty() || made.token.empty() || pin.empty() || made.label.empty())) {
    return table.refuse("source", "\"pkcs11\" without module, token, label or pin_file", "all four of them");
  }
  CPNS_TRY(const auto days, table.integer("alias_days", 30, 0, 365));
  made.alias_age = std::chrono::hours(24 * days);
  return made;
}

/// `host:port` as a SIP URI. Of the two ways to write TLS, sofia-sip can listen at `sips:` alone.
Result<std::string> sip_uri(const ConfigTable& table, std::string_view key, const std::string& text, bool tls) {
  CPNS_TRY(const auto at, endpoint(table, key, text));
  if (key == "listen" && tls) return "sips:" + at.text();
  return "sip:" + at.text() + (tls ? ";transport=tls" : ";transport=tcp");
}

Result<ImsSettings> ims_settings(const ConfigTable& table) {
  ImsSettings made;
  CPNS_TRY(const auto listen, table.text("listen", ""));
  CPNS_TRY(const auto next_hop, table.text("next_hop", ""));
  CPNS_TRY(const auto folder, table.text("tls_folder", ""));
  if (!folder.empty()) {
    CPNS_TRY(made.tls_folder, table.path("tls_folder", ""));
  }
  CPNS_TRY(made.s_cscf, table.texts("s_cscf", {}, 64));
  CPNS_TRY(made.s_cscf_names, table.texts("s_cscf_names", {}, 64));
  CPNS_TRY(made.public_service_identity, table.text("public_service_identity", ""));
  CPNS_TRY(made.max_users, count(table, "max_users", 1'000'000, 100'000'000));
  if (listen.empty()) return made;
  CPNS_TRY(made.listen, sip_uri(table, "listen", listen, !folder.empty()));
  CPNS_TRY(made.next_hop, sip_uri(table, "next_hop", next_hop, !folder.empty()));
  if (made.s_cscf.empty()) return table.refuse("s_cscf", "no address", "1-64 addresses of the S-CSCFs");
  if (!folder.empty() && made.s_cscf_names.empty()) {
    return table.refuse("s_cscf_names", "none", "1-64 names: any certificate of that authority would do without");
  }
  for (auto& text : made.s_cscf) {
    boost::system::error_code failed;
    const auto address = boost::asio::ip::make_address(text, failed);
    if (failed) return table.refuse("s_cscf", text, "a numeric IPv4 or IPv6 address");
    text = address.to_string();
  }
  if (!ims::public_identity(made.public_service_identity)) {
    return table.refuse("public_service_identity", made.public_service_identity, "such as sip:cpns@ims.example.net");
  }
  return made;
}

Result<Settings> read(const Config& config) {
  const auto root = config.root();
  CPNS_TRY(const auto name, root.required_text("server_id", 255));
  auto server_id = ids::ServerId::parse(name);
  if (!server_id) return root.refuse("server_id", name, "1-255 bytes of UTF-8 without control characters");
  Settings made{.server_id = std::move(server_id).value(),
                .operator_link = {},
                .direct_link = {},
                .session = {},
                .http = {},
                .services = {},
                .quota = {}};
  CPNS_TRY(const auto server, root.table("server"));
  CPNS_TRY(const auto threads, server.integer("threads", 0, 0, kMostThreads));
  made.threads = static_cast<std::size_t>(threads);
  CPNS_TRY(const auto operator_table, root.table("operator_link"));
  CPNS_TRY(made.operator_link, operator_settings(operator_table));
  CPNS_TRY(const auto direct_table, root.table("direct_link"));
  CPNS_TRY(made.direct_link, direct_settings(direct_table));
  CPNS_TRY(const auto session_table, root.table("session"));
  CPNS_TRY(made.session, session_settings(session_table));
  CPNS_TRY(const auto http_table, root.table("http"));
  CPNS_TRY(made.http, http_limits(http_table));
  CPNS_TRY(made.services, services(root));
  CPNS_TRY(const auto assignment, root.table("assignment"));
  CPNS_TRY(made.pending_lifetime, assignment.seconds("pending_seconds", seconds(300), seconds(1), seconds(300)));
  CPNS_TRY(const auto days, count(assignment, "device_days", 90, 3650));
  made.device_lifetime = std::chrono::hours(24 * days);
  CPNS_TRY(made.renew_within,
           assignment.seconds("renew_within_seconds", seconds(86400), seconds(0), seconds(30 * 86400)));
  CPNS_TRY(made.quota.pending, count(assignment, "pending_per_gateway", 32, 32));
  CPNS_TRY(made.quota.devices, count(assignment, "devices_per_gateway", 100, 1'000'000));
  CPNS_TRY(const auto hours, count(assignment, "token_hours", 24, 168));
  made.token_lifetime = std::chrono::hours(hours);
  CPNS_TRY(const auto revocation, root.table("revocation"));
  CPNS_TRY(made.revocation_journal, revocation.path("journal", "revocations/journal"));
  CPNS_TRY(const auto proof, root.table("server_proof"));
  CPNS_TRY(made.proof_certificate, proof.path("certificate", "tls/server.pem"));
  CPNS_TRY(made.proof_key, proof.path("key", "tls/server.key"));
  CPNS_TRY(const auto keys, root.table("keys"));
  CPNS_TRY(made.keys, key_settings(keys));
  CPNS_TRY(const auto admin, root.table("admin"));
  CPNS_TRY(made.admin.require_token, admin.flag("require_token", false));
  CPNS_TRY(made.admin.shared_socket, admin.path("shared_socket", ""));
  CPNS_TRY(const auto ims_table, root.table("ims"));
  CPNS_TRY(made.ims, ims_settings(ims_table));
  CPNS_TRY(const auto limits, root.table("limits"));
  CPNS_TRY(const auto rate, count(limits, "connections_per_second", 200, 1'000'000));
  CPNS_TRY(const auto burst, count(limits, "connections_burst", 2000, 10'000'000));
  CPNS_TRY(const auto assignments, count(limits, "assignments_per_minute", 600, 1'000'000));
  made.limits = {static_cast<double>(rate), static_cast<double>(burst), static_cast<double>(assignments)};
  CPNS_TRY(const auto store, root.table("store"));
  CPNS_TRY(const auto cache, store.integer("cache_mib", 64, 0, 1'048'576));
  made.store_cache_bytes = static_cast<std::size_t>(cache) << 20U;
  CPNS_TRY(const auto process, root.table("process"));
  CPNS_TRY(made.process, runtime::read_process_settings(process));
  CPNS_CHECK(config.finish());
  return made;
}

}  // namespace

Result<Settings> load_settings(const std::filesystem::path& file) {
  CPNS_TRY(const auto config, Config::open(file));
  return read(config);
}

Result<Settings> parse_settings(std::string_view text, const std::filesystem::path& file) {
  CPNS_TRY(const auto config, Config::parse(text, file));
  return read(config);
}

}  // namespace cpns::server
