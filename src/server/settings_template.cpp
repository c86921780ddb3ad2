#include <nlohmann/json.hpp>

#include "server/settings.hpp"

namespace cpns::server {

namespace {

/// A TOML basic string: JSON's escapes are a subset of TOML's.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string list(const std::vector<std::string>& texts) {
  std::string made = "[";
  for (const auto& text : texts) made += (made.size() > 1 ? ", " : "") + quoted(text);
  return made + "]";
}

constexpr std::string_view kOperatorLink = R"(
[server]
# Loops for direct links, each on a thread of its own (docs/operations.md). 0: as many as processors may be used.
threads = 0

# Operator link: where External PN GWs connect, with certificates on both sides.
[operator_link]
# Address and port to listen on. Port 0 takes a free one; the log says which.
listen = @operator_listen@
# What enrolment tokens say: host:port as PN GWs reach it. Empty: the listening address.
endpoint = @operator_endpoint@
# Connections in all, and of one PN GW; one more closes the PN GW's oldest.
max_links = 1024
links_per_gateway = 4
# Connections that one PN GW may carry for its devices (PNE mode); one more closes the oldest.
relays_per_gateway = 256
# Connections whose handshake is not complete; one more drops the oldest. And the limit of one handshake.
max_half_open = 256
handshake_seconds = 10
# Assignments at once on one link.
runs_per_link = 32
# A link on which nothing has come for so long is closed.
idle_seconds = 600
# Sustained; twice as many in a burst. More end the link.
messages_per_second = 200
)";

constexpr std::string_view kDirectLink = R"(
# Direct link: where CM Devices connect over the Internet, TLS 1.3 with an external PSK only.
[direct_link]
listen = @direct_listen@
# What devices are told, up to 8 times host:port as they reach it. Empty: the listening address.
endpoints = @direct_endpoints@
# Accept the CM Device ID as TLS identity too. false: identity aliases only, which no listener can follow [T5].
allow_plain_identity = true
# Accept P-256 beside X25519 [T1].
allow_p256 = false
# Who does the TLS of direct links: openssl, or psk13, the engine of this project (docs/psk13.md), whose X25519 then
# serves assignments, too.
engine = "openssl"
max_half_open = 4096
# When many devices come at once: so many wait for their turn, and who would wait longer is sent away.
accept_queue = 16384
accept_wait_seconds = 5
handshake_seconds = 10
# Links of one device at once: HTTP, and cpns/1 [R7]; one more is reported and closes the oldest.
http_links_per_device = 8
cpns_links_per_device = 2
# A switch of mode is over within this; links of one device from two places that last longer are reported [R7].
switch_seconds = 30
# A silent cpns/1 link is asked after ping_seconds, and dead after dead_seconds.
ping_seconds = 30
dead_seconds = 90
)";

constexpr std::string_view kRest = R"(
# Sessions: streams of a device that outlive its links.
[session]
# How long a session waits for a link.
resume_seconds = 120
# Streams at once in one session, the replay window of each, each way, and what all of them together may hold.
streams = 128
window_kib = 1024
buffer_mib = 16
# Sessions of one device or PNE; one more ends the oldest.
sessions_per_caller = 4

# Requests of devices to services.
[http]
# For a whole request head; pause inside a request's body; between two requests of one connection.
head_seconds = 10
body_idle_seconds = 60
keep_alive_seconds = 60
# To connect to a service; how long it may be silent (504 to the device); pause of a WebSocket.
connect_seconds = 5
upstream_seconds = 60
tunnel_idle_seconds = 600

# Device ID/Key Assignment.
[assignment]
# A pending assignment ends after this; at most 300 [S6].
pending_seconds = 300
# How long a CM Device ID is good.
device_days = 90
# A first key, which the PN GW has known, ends after this unless the device has renewed it [R6]. 0: never. A device that
# can not renew is exempted with `cpns device exempt`. It is renewed again at half of its life.
renew_within_seconds = 86400
# Pending at once of one PN GW, at most 32; devices of a PN GW that is added without a quota of its own [S7].
pending_per_gateway = 32
devices_per_gateway = 100
# How long an enrolment token is good.
token_hours = 24

# Revocations, apart from the database, so that a restored backup revives nothing [V1]. Best on another disk.
[revocation]
journal = "revocations/journal"

# Proof of who this server is, for devices that trust an authority or a pinned key of their own [R4]. PEM files; the
# certificate names server_id.
[server_proof]
certificate = "tls/server.pem"
key = "tls/server.key"

# Master keys, which seal every secret at rest [V2]. "file": keys/master.key. "credential": master.key in the directory
# that the service manager fills (LoadCredential=master.key:FILE). "pkcs11": wrapped by an AES key inside a token.
[keys]
source = @key_source@
# Of the token: its module, its label, the label of the key inside, and a private file that holds the PIN and nothing
# else ("credential:NAME" for one in the credential directory).
module = @key_module@
token = @key_token@
label = @key_label@
pin_file = @key_pin_file@
# A new key for identity aliases is made after so many days [T5]. 0: by `cpns key rotate --alias` only.
alias_days = 30

# The admin interface, run/admin.sock: root and this server's own user need no token unless require_token says so. Other
# users of this machine may come in at a second socket, with a token of `cpns token add` only. Empty: there is none.
[admin]
require_token = false
shared_socket = ""

# The operator's IMS core, for PN GWs that are IMS users: this server is an application server behind its S-CSCF
# (docs/ims.md). Empty `listen`: there is none.
[ims]
# host:port for SIP from the S-CSCF, over TCP; over TLS, with certificates both ways, where tls_folder holds agent.pem
# (this server's certificate and key) and cafile.pem (the authority of the core's).
listen = ""
tls_folder = ""
# Addresses of the S-CSCFs, and with TLS the DNS or URI names in their certificates: nobody else is believed. And
# host:port of the I-CSCF, through which users are reached; with TLS its certificate names that host.
s_cscf = []
s_cscf_names = []
next_hop = ""
# What users write to, as the initial filter criteria say.
public_service_identity = ""
# Registered at once; a registration takes some 200 bytes.
max_users = 1000000

# New connections of one address (IPv6: of one /64), sustained and at once after a rest; more are closed before anything
# is made for them, and those that are open live on. And assignments that one PN GW may begin in a minute.
[limits]
connections_per_second = 200
connections_burst = 2000
assignments_per_minute = 600

# Devices that called lately are kept in memory, with their Key Seeds sealed, in so many MiB at most: half a kilobyte
# each. 0: none; each call then reads the database.
[store]
cache_mib = 64

# Where root starts the server, it becomes this user before it opens anything; the folder has to be that user's. And the
# system calls that it does not need are switched off (docs/operations.md).
[process]
user = ""
sandbox = true

# Services: what a device asks for with `Host: NAME`. Each gets the device's verified identity in the header fields
# CPNS-Device-ID and CPNS-PN-GW-ID; let nobody else reach its port.
# [service.hello]
# upstream = "127.0.0.1:8080"
#
# kind = "tcp": any protocol, for devices that open it as a local port (docs/operations.md). With proxy_protocol = "v2"
# the identity goes in front of the first byte, as PROXY protocol version 2.
# [service.ssh]
# kind = "tcp"
# upstream = "127.0.0.1:22"
# proxy_protocol = "none"
)";

std::string filled(std::string_view text, std::string_view mark, const std::string& value) {
  std::string made(text);
  made.replace(made.find(mark), mark.size(), value);
  return made;
}

}  // namespace

std::string settings_template(const InitChoices& choices) {
  auto operator_link = filled(kOperatorLink, "@operator_listen@", quoted(choices.operator_listen));
  operator_link = filled(operator_link, "@operator_endpoint@", quoted(choices.operator_endpoint));
  auto direct_link = filled(kDirectLink, "@direct_listen@", quoted(choices.direct_listen));
  direct_link = filled(direct_link, "@direct_endpoints@", list(choices.direct_endpoints));
  auto rest = filled(kRest, "@key_source@", quoted(choices.keys.source));
  rest = filled(rest, "@key_module@", quoted(choices.keys.module.string()));
  rest = filled(rest, "@key_token@", quoted(choices.keys.token));
  rest = filled(rest, "@key_label@", quoted(choices.keys.label.empty() ? "cpns-master" : choices.keys.label));
  rest = filled(rest, "@key_pin_file@", quoted(choices.keys.pin_file));
  return "# Configuration of a CPNS Server. Every key but server_id may be left out; the values below are the "
         "defaults.\n"
         "\n"
         "# The name that keys, certificates and devices are bound to. Changing it makes all of them worthless.\n"
         "server_id = " +
         quoted(choices.server_id) + "\n" + operator_link + direct_link + rest;
}

}  // namespace cpns::server
