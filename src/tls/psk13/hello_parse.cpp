// Reads a ClientHello. Each MUST of RFC 8446 that is checked is named by its section.

#include "tls/psk13/extensions.hpp"
#include "tls/psk13/imported.hpp"
#include "tls/psk_extension.hpp"

namespace cpns::tls::psk13 {
namespace {

std::optional<Refusal> read_groups(ByteView body, ClientHello& hello) {
  Reader outer(body);
  Reader groups(outer.vector(2));
  while (groups.more()) {
    const auto group = groups.number(2);
    hello.lists_x25519 = hello.lists_x25519 || group == static_cast<std::uint32_t>(Group::X25519);
    hello.lists_p256 = hello.lists_p256 || group == static_cast<std::uint32_t>(Group::P256);
  }
  if (!outer.done() || !groups.done()) return broken("supported_groups");
  return std::nullopt;
}

/// Section 4.2.8.1 and 4.2.8.2: sizes of shares.
std::optional<Refusal> read_shares(ByteView body, ClientHello& hello) {
  Reader outer(body);
  Reader list(outer.vector(2));
  while (list.more()) {
    const auto group = list.number(2);
    const auto share = list.vector(2);
    const bool x25519 = group == static_cast<std::uint32_t>(Group::X25519);
    if (!list.good() || share.empty()) return broken("key_share");
    if (!x25519 && group != static_cast<std::uint32_t>(Group::P256)) continue;
    auto& kept = x25519 ? hello.shares.x25519 : hello.shares.p256;
    // Section 4.2.8: clients MUST NOT offer several shares for one group, nor one for a group they did not list.
    if (!kept.empty()) return illegal("two key shares of one group", "one");
    if (!(x25519 ? hello.lists_x25519 : hello.lists_p256))
      return illegal("a key share of a group that is not in supported_groups", "one that is");
    if (share.size() != (x25519 ? 32U : 65U))
      return illegal("a key share of " + std::to_string(share.size()) + " bytes", x25519 ? "32" : "65");
    kept = share;
  }
  if (!outer.done() || !list.done()) return broken("key_share");
  return std::nullopt;
}

std::optional<Refusal> read_psk(ByteView message, ByteView body, ClientHello& hello) {
  auto identity = parse_first_psk_identity(body);
  if (!identity) return Refusal{std::move(identity).error(), Alert::DecodeError};
  hello.identity = std::move(identity).value();
  Reader reader(body);
  const auto list = reader.vector(2);
  Reader identities(list);
  Reader binders(reader.vector(2));
  for (std::size_t place = 0; place < kMostIdentities && identities.more(); ++place) {
    const auto offered = identities.vector(2);
    identities.take(4);
    const auto binder = binders.vector(1);
    const auto external = parse_imported_identity(offered);
    if (place > 0 && !external) continue;
    hello.binder = binder;
    hello.selected = place;
    if (!external) continue;
    hello.identity = std::string(as_text(*external));
    hello.imported = offered;
    break;
  }
  if (hello.binder.size() != kBinderSize)
    return illegal("a binder of " + std::to_string(hello.binder.size()) + " bytes", "32, for SHA-256");
  // pre_shared_key is the last extension, so that its body ends with the message.
  hello.truncated = message.size() - body.size() + 2 + list.size();
  return std::nullopt;
}

std::optional<Refusal> read_suites(ByteView list, ClientHello& hello) {
  Reader suites(list);
  bool found = false;
  while (suites.more()) {
    const auto suite = suite_of(suites.number(2));
    if (!suite || found) continue;
    hello.suite = *suite;
    found = true;
  }
  if (!suites.done()) return broken("cipher_suites");
  if (!found) {
    return Refusal{
        {Code::tls_no_common_cipher_suite, "other suites", "TLS_AES_128_GCM_SHA256 or TLS_CHACHA20_POLY1305_SHA256"},
        Alert::HandshakeFailure};
  }
  return std::nullopt;
}

/// RFC 7301 section 3.1: at least one name, none of them empty.
bool well_formed_names(ByteView body) {
  Reader outer(body);
  Reader names(outer.vector(2));
  bool good = names.more();
  while (good && names.more()) good = !names.vector(1).empty();
  return good && outer.done() && names.done();
}

/// Section 4.2.9: at least one.
bool well_formed_modes(ByteView body) {
  Reader outer(body);
  return !outer.vector(1).empty() && outer.done();
}

std::optional<Refusal> read_client_extensions(ByteView message, const Extensions& extensions, ClientHello& hello) {
  hello.alpn = extensions.find(kAlpn);
  if (hello.alpn && !well_formed_names(*hello.alpn)) return broken("ALPN");
  hello.has_cookie = extensions.find(kCookie).has_value();
  const auto early = extensions.find(kEarlyData);
  if (early && !early->empty()) return broken("early_data");
  hello.early_data = early.has_value();
  const auto psk = extensions.find(kPreSharedKey);
  if (!psk) {
    // Section 9.2: a hello without PSK MUST have both, or MUST be answered with missing_extension.
    const bool whole = extensions.find(kSignatureAlgorithms) && extensions.find(kSupportedGroups);
    return Refusal{{Code::tls_psk_missing, "no pre_shared_key", "an external PSK"},
                   whole ? Alert::HandshakeFailure : Alert::MissingExtension};
  }
  // Section 4.2.11: it MUST be the last one, else illegal_parameter.
  if (!extensions.last_is(kPreSharedKey)) return illegal("pre_shared_key before other extensions", "the last one");
  const auto modes = extensions.find(kPskModes);
  if (modes && !well_formed_modes(*modes)) return broken("psk_key_exchange_modes");
  if (!modes || !offers_psk_dhe_ke(*modes)) {
    // Section 4.2.9: without psk_key_exchange_modes the handshake MUST end.
    return Refusal{{Code::tls_psk_mode_refused, modes ? "psk_ke alone" : "no psk_key_exchange_modes", "psk_dhe_ke"},
                   Alert::HandshakeFailure};
  }
  const auto groups = extensions.find(kSupportedGroups);
  const auto shares = extensions.find(kKeyShare);
  if (!groups || !shares) {
    // Section 9.2: one without the other MUST be answered with missing_extension; so is neither, with psk_dhe_ke alone.
    return Refusal{{Code::tls_no_common_group, "no supported_groups or no key_share", "both"}, Alert::MissingExtension};
  }
  if (auto refused = read_groups(*groups, hello)) return refused;
  if (auto refused = read_shares(*shares, hello)) return refused;
  return read_psk(message, *psk, hello);
}

}  // namespace

Parsed<ClientHello> parse_client_hello(ByteView message) {
  ClientHello hello;
  Reader reader(message.subspan(std::min(kMessageHeader, message.size())));
  const auto legacy = reader.number(2);  // what counts is supported_versions (section 4.2.1), but for SSL 3.0
  reader.take(kRandomSize);
  hello.session_id = reader.vector(1);
  const auto suites = reader.vector(2);
  const auto compression = reader.vector(1);
  if (!reader.good() || hello.session_id.size() > 32) return broken("ClientHello");
  Extensions extensions;
  // Nothing at all behind the compression methods: a client of before extensions.
  const bool old = reader.done();
  const auto list = old ? ByteView() : reader.vector(2);
  if (!old && !reader.done()) return broken("ClientHello");
  if (auto refused = extensions.read(list)) return std::move(*refused);
  const auto versions = extensions.find(kSupportedVersions);
  // Appendix D.5: a legacy_version of SSL 3.0 MUST be answered with protocol_version.
  if (legacy <= kSsl30) return too_old("SSL 3.0 as legacy_version");
  if (versions && versions->size() % 2 == 0) return broken("supported_versions");
  if (!versions || !offers_tls13(*versions)) {
    return too_old("no TLS 1.3 in supported_versions");
  }
  // Section 4.1.2: one byte, zero; anything else MUST be answered with illegal_parameter.
  if (compression.size() != 1 || compression[0] != 0) return illegal("compression methods", "null alone");
  if (auto refused = read_suites(suites, hello)) return std::move(*refused);
  if (auto refused = read_client_extensions(message, extensions, hello)) return std::move(*refused);
  return hello;
}

}  // namespace cpns::tls::psk13
