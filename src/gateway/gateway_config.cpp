#include "gateway/gateway_config.hpp"

#include "ims/asserted_identity.hpp"
#include "pngw/pairing_code.hpp"
#include "runtime/config.hpp"

namespace cpns::gateway {
namespace {

Result<StandaloneSettings> read_standalone(const runtime::ConfigTable& table) {
  CPNS_TRY(const auto server, table.required_text("server"));
  auto endpoint = ids::Endpoint::parse(server);
  if (!endpoint) return table.refuse("server", server, "host:port of the CPNS Server's operator link");
  return StandaloneSettings{std::move(*endpoint)};
}

Result<ImsSettings> read_ims(const runtime::ConfigTable& table) {
  CPNS_TRY(const auto user, table.required_text("user"));
  auto id = ims::public_identity(user);
  if (!id) return table.refuse("user", user, "an IMS public user identity, such as sip:alice@ims.example.net");
  CPNS_TRY(const auto pcscf, table.required_text("pcscf"));
  auto endpoint = ids::Endpoint::parse(pcscf);
  if (!endpoint) return table.refuse("pcscf", pcscf, "host:port of the operator's P-CSCF");
  CPNS_TRY(const auto service, table.required_text("service"));
  if (!ims::public_identity(service)) {
    return table.refuse("service", service, "the public service identity, such as sip:cpns@ims.example.net");
  }
  CPNS_TRY(auto private_identity, table.required_text("private_identity"));
  CPNS_TRY(auto realm, table.required_text("realm"));
  CPNS_TRY(const auto transport, table.choice("transport", "tls", {"tls", "tcp"}));
  CPNS_TRY(auto local, table.text("local", "*"));
  CPNS_TRY(auto address, table.text("pcscf_address", ""));
  CPNS_TRY(const auto usim, table.choice("usim", "file", {"file", "card"}));
  CPNS_TRY(auto reader, table.text("reader", ""));
  CPNS_TRY(const auto pin, table.text("pin_file", ""));
  std::filesystem::path pin_file;
  if (!pin.empty()) {
    CPNS_TRY(pin_file, table.path("pin_file", ""));
  }
  return ImsSettings{std::move(*id),       std::move(private_identity), std::move(realm),
                     std::move(*endpoint), transport == "tls",          service,
                     std::move(local),     std::move(address),          usim == "card",
                     std::move(reader),    std::move(pin_file)};
}

Result<GatewayConfig::OperatorLink> read_operator_link(const runtime::ConfigTable& table) {
  CPNS_TRY(const auto kind, table.text("kind", "standalone"));
  if (kind != "standalone" && kind != "ims") {
    return Error{Code::operator_link_kind_unknown, kind, "standalone or ims"};
  }
  CPNS_TRY(const auto name, table.required_text("server_id"));
  auto server_id = ids::ServerId::parse(name);
  if (!server_id) return table.refuse("server_id", name, "the CPNS Server's name, 1-255 bytes");
  if (kind == "ims") {
    CPNS_TRY(auto ims, read_ims(table));
    return GatewayConfig::OperatorLink{std::move(*server_id), std::move(ims)};
  }
  CPNS_TRY(auto standalone, read_standalone(table));
  return GatewayConfig::OperatorLink{std::move(*server_id), std::move(standalone)};
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

Result<GatewayConfig> read(const runtime::Config& config) {
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

}  // namespace

Result<GatewayConfig> load_config(const GatewayFolder& folder) {
  CPNS_TRY(const auto config, runtime::Config::open(folder.config()));
  return read(config);
}

Result<GatewayConfig> parse_config(std::string_view text, const std::filesystem::path& file) {
  CPNS_TRY(const auto config, runtime::Config::parse(text, file));
  return read(config);
}

}  // namespace cpns::gateway
