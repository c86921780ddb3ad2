#pragma once
// server.toml as values. Every key has a default but server_id; the commented file that `init` writes comes from
// settings_template(), and a test holds the two together.

#include <filesystem>

#include "core/assign/states.hpp"
#include "core/stream/session.hpp"
#include "runtime/process_settings.hpp"
#include "server/http_proxy.hpp"
#include "server/operator_link.hpp"
#include "tls/engine.hpp"

namespace cpns::server {

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;  ///< 0 takes a free one
};

struct OperatorSettings {
  ListenAddress listen;
  std::optional<ids::Endpoint> endpoint;  ///< written into enrolment tokens; none: the listening address
  std::size_t max_links = 0;
  std::size_t links_per_gateway = 0;
  std::size_t relays_per_gateway = 0;
  std::size_t max_half_open = 0;
  std::chrono::milliseconds handshake{0};
  OperatorLimits limits;
};

struct DirectSettings {
  ListenAddress listen;
  std::vector<ids::Endpoint> endpoints;  ///< told to devices; none: the listening address
  bool allow_plain_identity = true;      ///< [T5]
  bool allow_p256 = false;               ///< [T1]
  tls::EngineKind engine = tls::EngineKind::OpenSsl;
  std::size_t max_half_open = 0;
  std::size_t accept_queue = 0;              ///< connections that wait for their turn
  std::chrono::milliseconds accept_wait{0};  ///< who would wait longer is sent away
  std::chrono::milliseconds handshake{0};
  std::size_t http_links_per_device = 0;
  std::size_t cpns_links_per_device = 0;     ///< [R7]
  std::chrono::milliseconds switch_time{0};  ///< links from two places that are open together for longer [R7]
  std::chrono::milliseconds ping{0};
  std::chrono::milliseconds dead{0};
};

struct SessionSettings {
  stream::Limits limits;
  std::size_t per_caller = 0;
};

/// Where master keys come from; what each source needs.
struct KeySettings {
  std::string source = "file";     ///< or credential, pkcs11
  std::filesystem::path module{};  ///< pkcs11 from here on
  std::string token{};
  std::string label{};
  std::string pin_file{};  ///< a path, or `credential:NAME`
  std::chrono::seconds alias_age{0};
};

struct LimitSettings {
  double connections_per_second = 0;  ///< of one address
  double connections_burst = 0;
  double assignments_per_minute = 0;  ///< of one PN GW; as many in a burst
};

/// The IMS binding of the operator link: an application server behind an S-CSCF. None where `listen` is empty.
struct ImsSettings {
  std::string listen{};                     ///< SIP URI to listen on
  std::filesystem::path tls_folder{};       ///< agent.pem and cafile.pem; empty: TCP
  std::vector<std::string> s_cscf{};        ///< addresses, numeric: who is believed
  std::vector<std::string> s_cscf_names{};  ///< with TLS: DNS or URI names, one of them in the certificate
  std::string next_hop{};                   ///< SIP URI: where requests to users go first
  std::string public_service_identity{};    ///< SIP URI that users write to
  std::size_t max_users = 0;
  [[nodiscard]] bool enabled() const noexcept { return !listen.empty(); }
};

struct AdminSettings {
  bool require_token = false;             ///< of root and the server's own user, too
  std::filesystem::path shared_socket{};  ///< for other users of this machine, with tokens only; empty: none
};

struct Settings {
  ids::ServerId server_id;
  std::size_t threads = 1;  ///< loops for direct links, up to kMostThreads; 0: as many as processors
  OperatorSettings operator_link;
  DirectSettings direct_link;
  SessionSettings session;
  HttpLimits http;
  Services services;
  std::chrono::seconds pending_lifetime{0};  ///< [S6]
  std::chrono::seconds device_lifetime{0};
  std::chrono::seconds renew_within{0};  ///< [R6]; 0: a first key need not be renewed
  std::filesystem::path revocation_journal{};
  std::filesystem::path proof_certificate{};  ///< [R4]
  std::filesystem::path proof_key{};
  store::Quota quota;  ///< [S7]; devices: for a PN GW that is added without one of its own
  std::chrono::seconds token_lifetime{0};
  KeySettings keys{};
  AdminSettings admin{};
  ImsSettings ims{};
  LimitSettings limits{};
  std::size_t store_cache_bytes = 0;  ///< rows of devices in memory
  runtime::ProcessSettings process{};

  /// Of the X25519 that this server answers PN GWs with: of code of our own only where TLS is too (ADR 0030).
  [[nodiscard]] tls::x25519::Way exchange_way() const noexcept {
    return direct_link.engine == tls::EngineKind::Psk13 ? tls::x25519::best_way() : tls::x25519::Way::Portable;
  }
};

/// What of the settings turns a protection off, each as `[table] key = value: what that means`; for the log at start.
[[nodiscard]] std::vector<std::string> risks_of(const Settings& settings);

/// A resume token names its loop in one byte; more than this nobody has measured.
inline constexpr std::size_t kMostThreads = 64;

/// Fails with an error of runtime/config.hpp that names file, key and what is allowed.
[[nodiscard]] Result<Settings> load_settings(const std::filesystem::path& file);
/// The same from text; `file` is named in errors.
[[nodiscard]] Result<Settings> parse_settings(std::string_view text, const std::filesystem::path& file);

/// What `init` asks for.
struct InitChoices {
  std::string server_id;
  std::string operator_listen = "0.0.0.0:7440";
  std::string direct_listen = "0.0.0.0:7443";
  std::string operator_endpoint;              ///< empty: the listening address
  std::vector<std::string> direct_endpoints;  ///< empty: the listening address
  KeySettings keys{};
};
/// A server.toml in which every key is explained.
[[nodiscard]] std::string settings_template(const InitChoices& choices);

}  // namespace cpns::server
