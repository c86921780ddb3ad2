#include "device/device_config.hpp"

#include <sys/un.h>

#include "device/service_name.hpp"
#include "runtime/asio.hpp"
#include "runtime/config.hpp"
#include "runtime/files.hpp"

namespace cpns::device {
namespace {

using activation::Mode;
using runtime::ConfigTable;

constexpr std::size_t kMostForwards = 64;
constexpr std::size_t kMostPanEndpoints = 4;
constexpr std::size_t kLongestSocketPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::pair<std::string_view, Mode> kModes[] = {{"prefer-direct", Mode::PreferDirect},
                                                        {"prefer-gateway", Mode::PreferGateway},
                                                        {"direct", Mode::FixedDirect},
                                                        {"gateway", Mode::FixedGateway}};

bool is_loopback(const std::string& host) {
  boost::system::error_code failed;
  const auto address = runtime::asio::ip::make_address(host, failed);
  return failed ? host == "localhost" : address.is_loopback();
}

Result<activation::Policy> read_policy(const ConfigTable& table) {
  activation::Policy policy;
  policy.comeback = activation::Comeback::kUsualWindow;
  CPNS_TRY(const auto word,
           table.choice("mode", "prefer-direct", {"prefer-direct", "prefer-gateway", "direct", "gateway"}));
  policy.mode = mode_of(word).value_or(policy.mode);
  CPNS_TRY(policy.standby, table.flag("standby", true));
  CPNS_TRY(policy.hold,
           table.seconds("hold_seconds", std::chrono::seconds(5), std::chrono::seconds(0), std::chrono::seconds(600)));
  CPNS_TRY(const auto switches, table.integer("switches_per_minute", policy.switches_per_minute, 1, 60));
  policy.switches_per_minute = static_cast<unsigned>(switches);
  return policy;
}

// A port that others reach lends them this device's identity: that needs an explicit word.
Result<DeviceConfig::Listen> read_listen(const ConfigTable& table, std::string_view fallback) {
  CPNS_TRY(auto address, table.address("listen", fallback, true));
  CPNS_TRY(const bool allow_remote, table.flag("allow_remote", false));
  if (!allow_remote && !is_loopback(address.host)) {
    return table.refuse("listen", "\"" + address.host + "\", which other machines may reach",
                        "an address of this machine alone, such as 127.0.0.1 or [::1]: whoever reaches the port acts "
                        "as this device. If that is what you want, say allow_remote = true");
  }
  return DeviceConfig::Listen{std::move(address.host), address.port};
}

Result<DeviceConfig::Forward> read_forward(const ConfigTable& table) {
  DeviceConfig::Forward forward;
  CPNS_TRY(forward.service, table.required_text("service", stream::kMaxServiceName));
  if (!is_service_name(forward.service)) {
    return table.refuse("service", "\"" + forward.service + "\"", "1-63 characters of a-z, 0-9 and -");
  }
  CPNS_TRY(forward.unix_socket, table.path("unix", ""));
  if (table.has("listen") != forward.unix_socket.empty()) {
    return table.refuse("service",
                        "\"" + forward.service + "\" " + (table.has("listen") ? "with both" : "with neither"),
                        "either listen = \"127.0.0.1:2222\" or unix = \"/path/to.sock\" beside it");
  }
  if (forward.unix_socket.empty()) {
    CPNS_TRY(forward.listen, read_listen(table, "127.0.0.1:0"));
  } else if (forward.unix_socket.string().size() > kLongestSocketPath) {
    return table.refuse("unix", "a path of " + std::to_string(forward.unix_socket.string().size()) + " bytes",
                        "at most " + std::to_string(kLongestSocketPath));
  }
  return forward;
}

Result<DeviceConfig::Pan> read_pan(const ConfigTable& table) {
  DeviceConfig::Pan pan;
  CPNS_TRY(pan.enabled, table.flag("enabled", false));
  CPNS_TRY(auto listen, table.address("listen", "0.0.0.0:7446", true));
  pan.listen = {std::move(listen.host), listen.port};
  CPNS_TRY(const auto texts, table.texts("endpoints", {}, kMostPanEndpoints));
  for (const auto& text : texts) {
    auto endpoint = ids::Endpoint::parse(text);
    if (!endpoint) return table.refuse("endpoints", text, "host:port that other devices can reach");
    pan.endpoints.push_back(std::move(*endpoint));
  }
  CPNS_TRY(const auto connections, table.integer("connections_per_device", pan.connections_per_device, 1, 1024));
  pan.connections_per_device = static_cast<unsigned>(connections);
  CPNS_TRY(const auto rate, table.integer("bytes_per_second", 0, 0, std::int64_t{1} << 40U));
  pan.bytes_per_second = static_cast<std::uint64_t>(rate);
  CPNS_TRY(pan.idle, table.seconds("idle_seconds", pan.idle, std::chrono::seconds(10), std::chrono::hours(24)));
  CPNS_TRY(pan.only_cpns, table.flag("only_cpns", false));
  return pan;
}

Result<DeviceConfig::Trust> read_trust(const ConfigTable& table) {
  DeviceConfig::Trust trust;
  CPNS_TRY(trust.system, table.flag("system", false));
  CPNS_TRY(trust.ca, table.path("ca", ""));
  CPNS_TRY(const auto text, table.text("public_key", ""));
  if (text.empty()) return trust;
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != 32) {
    return table.refuse("public_key", "\"" + text + "\"",
                        "64 hexadecimal digits, as `cpns-server proof DIR` prints them");
  }
  auto& to = trust.public_key.emplace();
  std::copy(bytes->begin(), bytes->end(), to.begin());
  return trust;
}

Result<DeviceConfig> read(const runtime::Config& file) {
  DeviceConfig config;
  const auto root = file.root();
  CPNS_TRY(const auto policy, root.table("policy"));
  CPNS_TRY(config.policy, read_policy(policy));
  CPNS_TRY(const auto trust, root.table("server_proof"));
  CPNS_TRY(config.trust, read_trust(trust));
  CPNS_TRY(const auto forwards, root.list("forward", kMostForwards));
  for (const auto& table : forwards) {
    CPNS_TRY(auto forward, read_forward(table));
    config.forwards.push_back(std::move(forward));
  }
  CPNS_TRY(const auto proxy, root.table("proxy"));
  if (root.has("proxy")) {
    CPNS_TRY(config.proxy, read_listen(proxy, "127.0.0.1:3128"));
  }
  CPNS_TRY(const auto pan, root.table("pan"));
  CPNS_TRY(config.pan, read_pan(pan));
  CPNS_TRY(const auto secrets, root.table("secrets"));
  CPNS_TRY(config.secrets, pngw::read_seal_wish(secrets));
  CPNS_TRY(const auto process, root.table("process"));
  CPNS_TRY(config.process.sandbox, process.flag("sandbox", true));
  CPNS_CHECK(file.finish());
  return config;
}

}  // namespace

std::optional<Mode> mode_of(std::string_view word) {
  for (const auto& [name, mode] : kModes) {
    if (name == word) return mode;
  }
  return std::nullopt;
}

std::string_view word_of(Mode mode) {
  for (const auto& [name, known] : kModes) {
    if (known == mode) return name;
  }
  return "?";
}

std::filesystem::path config_file(const DeviceFolder& folder) { return folder.folder / "device.toml"; }

Result<DeviceConfig> load_config(const DeviceFolder& folder) {
  const auto file = config_file(folder);
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return DeviceConfig{};
  CPNS_TRY(const auto config, runtime::Config::open(file));
  return read(config);
}

Result<DeviceConfig> parse_config(std::string_view text, const std::filesystem::path& file) {
  CPNS_TRY(const auto config, runtime::Config::parse(text, file));
  return read(config);
}

std::string_view config_template() {
  return R"(# Configuration of `cpns-device run`. All is optional: what stands behind # is an example or the default.
# Relative paths start from the folder of this file.
# A change holds from the next start on.

# Which way data goes: straight to the CPNS Server, or by way of the PN GW.
# [policy]
# prefer-direct, prefer-gateway, direct (only), gateway (only).
# mode = "prefer-direct"
# Keep the way that is not in use open, so that a sudden loss costs little.
# standby = true
# How long a way must work again after a loss before it is chosen again; doubles when it keeps failing.
# hold_seconds = 5
# Switches in a minute that nobody asked for.
# switches_per_minute = 6

# What this device trusts by itself before it renews its key over the direct link: with it not even a PN GW that is
# dishonest at that very moment can stand in the middle. Empty: whoever has the key that the PN GW handed over.
# [server_proof]
# This machine's certificate authorities, a file of authorities, or the Server's own key (`cpns-server proof DIR`),
# which must have come on another way than through the PN GW.
# system = false
# ca = ""
# public_key = ""

# A service of the CPNS Server as a port of this machine, any number of them. Port 0 takes a free one.
# [[forward]]
# service = "ssh"
# listen = "127.0.0.1:2222"
# Or as a Unix socket that only this user can open.
# [[forward]]
# service = "mqtt"
# unix = "mqtt.sock"

# An HTTP proxy that knows services by their names: http_proxy=http://127.0.0.1:3128 curl http://hello/
# [proxy]
# listen = "127.0.0.1:3128"

# This device as a PN GW for other devices near it.
# [pan]
# enabled = false
# listen = "0.0.0.0:7446"
# What pairing codes tell them to connect to. Empty: the addresses that this machine has.
# endpoints = []
# What each of them may have at once, in bytes a second each way (0: as fast as it goes), and without moving a byte.
# connections_per_device = 16
# bytes_per_second = 0
# idle_seconds = 600
# Carry nothing but CPNS.
# only_cpns = false

# What seals the device's record: "auto" takes the first that is there of a key cpns:local-seal in the kernel keyring, a
# TPM 2.0, and the file seal.key; or one of "keyring", "tpm", "file". The TPM is reached by a TCTI; empty: /dev/tpmrm0.
# [secrets]
# seal = "auto"
# tpm = ""

# System calls that `run` does not need are switched off.
# [process]
# sandbox = true
)";
}

Result<void> write_config_template(const DeviceFolder& folder) {
  const auto file = config_file(folder);
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return {};
  return runtime::write_file_atomically(file, as_bytes(config_template()), 0600);
}

}  // namespace cpns::device
