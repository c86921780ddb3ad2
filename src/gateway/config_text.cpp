// gateway.toml as enrolment and `ims` write it.

#include "gateway/gateway_config.hpp"

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

std::string operator_text(const StandaloneSettings& settings, const ids::ServerId& server_id) {
  return R"(
[operator_link]
# How the CPNS Server is reached. "standalone" is TLS 1.3 with certificates on both sides; "ims" is SIP through the
# core of a mobile operator.
kind = "standalone"
# host:port of the Server's operator link.
server = )" +
         toml_text(settings.server.text()) +
         R"(
# The name that the Server's certificate must carry. It goes into every key: never change it by hand.
server_id = )" +
         toml_text(server_id.text()) + "\n";
}

std::string operator_text(const ImsSettings& settings, const ids::ServerId& server_id) {
  return R"(
[operator_link]
# How the CPNS Server is reached. "ims" is SIP through the core of a mobile operator, who knows this gateway by its USIM
# (docs/ims.md).
kind = "ims"
# The public and private identity of the subscription, and the home network. The public one goes into every key: never
# change it by hand.
user = )" +
         toml_text(settings.user.text()) + "\nprivate_identity = " + toml_text(settings.private_identity) +
         "\nrealm = " + toml_text(settings.realm) +
         R"(
# host:port of the P-CSCF, and how it is spoken to: "tls" checks its certificate, which must name that host, against
# sip-tls/cafile.pem; "tcp" is for links that something else protects.
pcscf = )" +
         toml_text(settings.pcscf.text()) + "\ntransport = " + (settings.tls ? "\"tls\"" : "\"tcp\"") +
         R"(
# The CPNS Server's public service identity, and its name, which goes into every key.
service = )" +
         toml_text(settings.service) + "\nserver_id = " + toml_text(server_id.text()) +
         R"(
# Address of this machine that the core reaches it at. "*" takes any.
local = )" +
         toml_text(settings.local) +
         R"(
# Numeric address of the P-CSCF, where no DNS knows its name.
pcscf_address = )" +
         toml_text(settings.pcscf_address) +
         R"(
# "file": the software USIM in this folder. "card": a card in a PC/SC reader, the first that holds one if `reader` names
# none; `pin_file` is a private file that holds its PIN and nothing else, where it asks for one.
usim = )" +
         (settings.card ? "\"card\"" : "\"file\"") + "\nreader = " + toml_text(settings.reader) +
         "\npin_file = " + toml_text(settings.pin_file.string()) + "\n";
}

}  // namespace

std::string config_text(const GatewayConfig::OperatorLink& operator_link, const ids::PnGwId& pn_gw_id,
                        std::string_view pan_listen, const pngw::SealWish& secrets) {
  std::string text = "# Configuration of cpns-gateway, the External PN GW. Who it is for the CPNS Server:\n# " +
                     pn_gw_id.text() + "\n";
  text +=
      std::visit([&](const auto& kind) { return operator_text(kind, operator_link.server_id); }, operator_link.kind);
  text += R"(
[pan_link]
# Where devices connect to be paired. Port 0 takes a free one, but then paired devices do not find this gateway
# again after a restart.
listen = )" +
          toml_text(pan_listen) +
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
seal = )" +
          toml_text(secrets.kind) +
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
