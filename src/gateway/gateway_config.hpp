#pragma once
// gateway.toml: read with what is allowed, written once, commented, by enrolment.

#include <filesystem>
#include <variant>
#include <vector>

#include "core/ids/ids.hpp"
#include "gateway/gateway_folder.hpp"
#include "pngw/pan_relay.hpp"
#include "pngw/sealed_file.hpp"
#include "runtime/log.hpp"
#include "runtime/process_settings.hpp"

namespace cpns::gateway {

/// [operator_link] kind = "standalone"
struct StandaloneSettings {
  ids::Endpoint server;
};
/// [operator_link] kind = "ims": an IMS user, and the way into its operator's core.
struct ImsSettings {
  ids::PnGwId user;              ///< public identity, in its one form (ims/asserted_identity.hpp)
  std::string private_identity;  ///< IMPI
  std::string realm;             ///< home network
  ids::Endpoint pcscf;
  bool tls = true;
  std::string service;               ///< SIP URI of the CPNS Server, its public service identity
  std::string local = "*";           ///< address to listen on for SIP
  std::string pcscf_address{};       ///< numeric; empty: DNS says where `pcscf` is
  bool card = false;                 ///< the USIM is on a card in a PC/SC reader; else in a file of the folder
  std::string reader{};              ///< empty: the first that holds a card
  std::filesystem::path pin_file{};  ///< empty: the card asks for none
};

struct GatewayConfig {
  struct OperatorLink {
    ids::ServerId server_id;
    std::variant<StandaloneSettings, ImsSettings> kind;
  } operator_link;
  struct PanLink {
    std::string host;                      ///< to listen on
    std::uint16_t port;                    ///< 0: any free one, another one after each start
    std::vector<ids::Endpoint> endpoints;  ///< into pairing codes; empty: what the process really listens on
  } pan_link;
  pngw::RelayLimits relay;
  pngw::SealWish secrets;
  runtime::ProcessSettings process;
  runtime::LogOptions log;
};

/// Fails with `config_...` errors that name file, key and what is allowed, or `operator_link_kind_unknown`.
[[nodiscard]] Result<GatewayConfig> load_config(const GatewayFolder& folder);

/// The same from text; `file` is named in errors.
[[nodiscard]] Result<GatewayConfig> parse_config(std::string_view text, const std::filesystem::path& file);

/// The text of a fresh gateway.toml.
[[nodiscard]] std::string config_text(const GatewayConfig::OperatorLink& operator_link, const ids::PnGwId& pn_gw_id,
                                      std::string_view pan_listen, const pngw::SealWish& secrets = {});

inline constexpr std::string_view kDefaultPanListen = "0.0.0.0:7445";

}  // namespace cpns::gateway
