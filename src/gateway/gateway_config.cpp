#include "gateway/gateway_config.hpp"

#include "pngw/pairing_code.hpp"
#include "runtime/config.hpp"

namespace cpns::gateway {
namespace {

// A TOML basic string. The identities hold no control characters, so quotes and backslashes are all there is to escape.
std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

Result<GatewayConfig::OperatorLink> read_operator_link(const runtime::ConfigTable& table) {
  CPNS_TRY(const auto kind, table.text("kind", "standalone"));
  if (kind != "standalone") return Error{Code::operator_link_kind_unknown, kind, "standalone"};
  CPNS_TRY(const auto server, table.required_text("server"));
  auto endpoint = ids::Endpoint::parse(server);
  if (!endpoint) return table.refuse("server", server, "host:port of the CPNS Server's operator link");
  CPNS_TRY(const auto name, table.required_text("server_id"));
  auto server_id = ids::ServerId::parse(name);
  if (!server_id) return table.refuse("server_id", name, "the CPNS Server's name, 1-255 bytes");
  return GatewayConfig::OperatorLink{std::move(*endpoint), std::move(*server_id)};
}

Result<GatewayConfig::PanLink> read_pan_link(const runtime::ConfigTable& table) {
  CPNS_TRY(auto listen, table.address("listen", kDefaultPanListen, true));
  CPNS_TRY(const auto texts, table.texts("endpoints", {}, pngw::kMaxPanEndpoints));
  GatewayConfig::PanLink pan_link{std::move(listen.host), listen.port, {}};
  for (const auto& text : texts) {
    auto endpoint = ids::Endpoint::parse(text);
    if (!endpoint) return table.refuse("endpoints", text, "host:port that devices can reach");
    pan_link.endpoints.push_back(std::move(*endpoint));
  }
  return pan_link;
}

Result<pngw::RelayLimits> read_relay(const runtime::ConfigTable& table) {
  pngw::RelayLimits limits;
  CPNS_TRY(limits.enabled, table.flag("enabled", true));
  CPNS_TRY(const auto connections, table.integer("connections_per_device", 16, 1, 1024));
  limits.connections = static_cast<std::size_t>(connections);
  CPNS_TRY(const auto all, table.integer("connections", 1024, 1, 65'536));
  limits.all_connections = static_cast<std::size_t>(all);
  CPNS_TRY(const auto rate, table.integer("bytes_per_second", 0, 0, 1'000'000'000'000));
  limits.bytes_per_second = static_cast<std::uint64_t>(rate);
  CPNS_TRY(limits.idle, table.seconds("idle_seconds", std::chrono::seconds(600), std::chrono::seconds(5),
                                      std::chrono::seconds(86'400)));
  CPNS_TRY(limits.only_cpns, table.flag("only_cpns", false));
  return limits;
}

Result<runtime::LogOptions> read_log(const runtime::ConfigTable& table) {
  runtime::LogOptions options;
  options.program = "cpns-gateway";
  CPNS_TRY(const auto format, table.choice("format", "text", {"text", "json"}));
  options.format = format == "json" ? runtime::LogFormat::Json : runtime::LogFormat::Text;
  CPNS_TRY(const auto level, table.choice("level", "info", {"debug", "info", "warning", "error"}));
  options.level = level == "debug"     ? Level::Debug
                  : level == "warning" ? Level::Warning
                  : level == "error"   ? Level::Error
                                       : Level::Info;
  if (table.has("file")) {
    CPNS_TRY(const auto file, table.path("file", ""));
    options.file = file.string();
  }
  return options;
}

}  // namespace

Result<GatewayConfig> load_config(const GatewayFolder& folder) {
  CPNS_TRY(const auto config, runtime::Config::open(folder.config()));
  CPNS_TRY(const auto operator_table, config.root().table("operator_link"));
  CPNS_TRY(auto operator_link, read_operator_link(operator_table));
  CPNS_TRY(const auto pan_table, config.root().table("pan_link"));
  CPNS_TRY(auto pan_link, read_pan_link(pan_table));
  CPNS_TRY(const auto relay_table, config.root().table("relay"));
  CPNS_TRY(auto relay, read_relay(relay_table));
  CPNS_TRY(const auto secrets_table, config.root().table("secrets"));
  CPNS_TRY(auto secrets, pngw::read_seal_wish(secrets_table));
  CPNS_TRY(const auto process_table, config.root().table("process"));
  CPNS_TRY(auto process, runtime::read_process_settings(process_table));
  CPNS_TRY(const auto log_table, config.root().table("log"));
  CPNS_TRY(auto log, read_log(log_table));
  CPNS_CHECK(config.finish());
  return GatewayConfig{std::move(operator_link), std::move(pan_link), relay,
                       std::move(secrets),       std::move(process),  std::move(log)};
}

std::string config_text(const ids::Endpoint& server, const ids::ServerId& server_id, const ids::PnGwId& pn_gw_id,
                        std::string_view pan_listen, const pngw::SealWish& secrets) {
  std::string text = R"(# Configuration of cpns-gateway, the External PN GW. Its identity stands in gateway.cert.pem:
# )" + pn_gw_id.text() +
                     R"(

[operator_link]
# How the CPNS Server is reached. "standalone" is TLS 1.3 with certificates on both sides.
kind = "standalone"
# host:port of the Server's operator link.
server = )" + toml_text(server.text()) +
                     R"(
# The name that the Server's certificate must carry. It goes into every key: never change it by hand.
server_id = )" + toml_text(server_id.text()) +
                     R"(

[pan_link]
# Where devices connect to be paired. Port 0 takes a free one, but then paired devices do not find this gateway
# again after a restart.
listen = )" + toml_text(pan_listen) +
                     R"(
# What pairing codes tell devices to connect to, 1-4 of "host:port". Empty: the addresses that this machine has.
# Set it where devices see other addresses, behind port forwarding for instance.
endpoints = []

[relay]
# PNE mode: connections of paired devices are carried to the CPNS Server. This gateway sees their lengths only, where
# the device has a key of its own.
enabled = true
# Of one device: connections at once, and bytes a second each way (0: as fast as it goes).
connections_per_device = 16
bytes_per_second = 0
# Of all devices together, at once.
connections = 1024
# A connection on which nothing moves for so long is closed.
idle_seconds = 600
# true: carries nothing but CPNS itself (sessions and signalling), no HTTP that a device sends on its own.
only_cpns = false

[secrets]
# What seals the private key and the master key here: "auto" takes the first that is there of a key cpns:local-seal in
# the kernel keyring, a TPM 2.0, and the file seal.key; or one of "keyring", "tpm", "file".
seal = )" + toml_text(secrets.kind) +
                     R"(
# How the TPM is reached (a TCTI). Empty: /dev/tpmrm0.
tpm = )" + toml_text(secrets.tpm) +
                     R"(

[process]
# Where root starts `cpns-gateway run`, it becomes this user first; the folder has to be that user's. And the system
# calls that it does not need are switched off.
user = ""
sandbox = true

[log]
# debug, info, warning or error.
level = "info"
# text for people, json for programs: one object a line. The option --log-format wins.
format = "text"
# Where to; without it standard error. The option --log-file wins.
# file = "gateway.log"
)";
  return text;
}

}  // namespace cpns::gateway
