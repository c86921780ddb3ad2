// Reads hellos. Each MUST of RFC 8446 that is checked is named by its section.

#include <algorithm>
#include <array>

#include "tls/psk13/hello.hpp"
#include "tls/psk13/imported.hpp"
#include "tls/psk13/reader.hpp"
#include "tls/psk_extension.hpp"

namespace cpns::tls::psk13 {
namespace {

// Section 4.2, RFC 7301, RFC 6066.
enum ExtensionType : std::uint32_t {
  kSupportedGroups = 10,
  kAlpn = 16,
  kPreSharedKey = 41,
  kSupportedVersions = 43,
  kCookie = 44,
  kPskModes = 45,
  kKeyShare = 51,
};
constexpr std::size_t kMaxExtensions = 64;

Refusal broken(std::string got) {
  return {{Code::tls_handshake_malformed, std::move(got), "the form of RFC 8446"}, Alert::DecodeError};
}
Refusal illegal(std::string got, std::string expected) {
  return {{Code::tls_handshake_malformed, std::move(got), std::move(expected)}, Alert::IllegalParameter};
}

std::optional<Suite> suite_of(std::uint32_t number) noexcept {
  if (number == 0x1301) return Suite::Aes128Gcm;
  if (number == 0x1303) return Suite::ChaCha20Poly1305;
  return std::nullopt;
}

/// The extensions of one message: each at most once (section 4.2: there MUST NOT be more than one of a type).
class Extensions {
 public:
  /// The first thing that is wrong.
  std::optional<Refusal> read(ByteView list) {
    Reader reader(list);
    while (reader.more()) {
      const auto type = reader.number(2);
      const auto body = reader.vector(2);
      if (!reader.good()) return broken("extensions whose lengths do not add up");
      if (find(type)) return illegal("extension " + std::to_string(type) + " twice", "each once");
      if (count_ == all_.size()) return broken("more than 64 extensions");
      all_[count_++] = {type, body};
    }
    if (!reader.done()) return broken("extensions whose lengths do not add up");
    return std::nullopt;
  }
  [[nodiscard]] std::optional<ByteView> find(std::uint32_t type) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (all_[i].type == type) return all_[i].body;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool last_is(std::uint32_t type) const { return count_ > 0 && all_[count_ - 1].type == type; }
  /// One that is not in `allowed`.
  [[nodiscard]] std::optional<std::uint32_t> other_than(std::initializer_list<std::uint32_t> allowed) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (std::ranges::find(allowed, all_[i].type) == allowed.end()) return all_[i].type;
    }
    return std::nullopt;
  }

 private:
  struct One {
    std::uint32_t type = 0;
    ByteView body;
  };
  std::array<One, kMaxExtensions> all_;
  std::size_t count_ = 0;
};

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

std::optional<Refusal> read_client_extensions(ByteView message, const Extensions& extensions, ClientHello& hello) {
  hello.alpn = extensions.find(kAlpn);
  hello.has_cookie = extensions.find(kCookie).has_value();
  const auto psk = extensions.find(kPreSharedKey);
  if (!psk) {
    return Refusal{{Code::tls_psk_missing, "no pre_shared_key", "an external PSK"}, Alert::HandshakeFailure};
  }
  // Section 4.2.11: it MUST be the last one, else illegal_parameter.
  if (!extensions.last_is(kPreSharedKey)) return illegal("pre_shared_key before other extensions", "the last one");
  const auto modes = extensions.find(kPskModes);
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
  reader.number(2);  // legacy_version: what counts is supported_versions (section 4.2.1)
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
  if (!versions || !offers_tls13(*versions)) {
    return Refusal{{Code::tls_version_too_old, "no TLS 1.3 in supported_versions", "TLS 1.3"}, Alert::ProtocolVersion};
  }
  // Section 4.1.2: one byte, zero; anything else MUST be answered with illegal_parameter.
  if (compression.size() != 1 || compression[0] != 0) return illegal("compression methods", "null alone");
  if (auto refused = read_suites(suites, hello)) return std::move(*refused);
  if (auto refused = read_client_extensions(message, extensions, hello)) return std::move(*refused);
  return hello;
}

Parsed<ServerHello> parse_server_hello(ByteView message) {
  ServerHello hello;
  Reader reader(message.subspan(std::min(kMessageHeader, message.size())));
  const auto legacy = reader.number(2);
  const auto random = reader.take(kRandomSize);
  hello.session_id = reader.vector(1);
  const auto suite = suite_of(reader.number(2));
  const auto compression = reader.number(1);
  const bool old = reader.done();  // TLS 1.2 allows a ServerHello without extensions
  const auto list = old ? ByteView() : reader.vector(2);
  if (!reader.done()) return broken("ServerHello");
  Extensions extensions;
  if (auto refused = extensions.read(list)) return std::move(*refused);
  const auto versions = extensions.find(kSupportedVersions);
  Reader version(versions.value_or(ByteView()));
  // Section 4.2.1: what selects a version before TLS 1.3 MUST be refused with illegal_parameter; without the extension
  // the server speaks an older one.
  if (!versions) {
    return Refusal{{Code::tls_version_too_old, "a server without TLS 1.3", "TLS 1.3"}, Alert::ProtocolVersion};
  }
  if (version.number(2) != kTls13 || !version.done() || legacy != kLegacyVersion)
    return illegal("another version in ServerHello", "TLS 1.3");
  if (!suite) return illegal("a cipher suite that was not offered", "one of ours");
  if (compression != 0) return illegal("compression", "none");
  hello.suite = *suite;
  hello.retry = std::ranges::equal(random, hello_retry_random());
  const auto other = hello.retry ? extensions.other_than({kSupportedVersions, kKeyShare, kCookie})
                                 : extensions.other_than({kSupportedVersions, kKeyShare, kPreSharedKey});
  if (other) {
    return Refusal{{Code::tls_handshake_malformed, "extension " + std::to_string(*other) + " in ServerHello", "none"},
                   Alert::UnsupportedExtension};
  }
  const auto psk = extensions.find(kPreSharedKey);
  Reader selected(psk.value_or(ByteView()));
  // Section 4.2.11: a number outside of what was offered MUST be refused with illegal_parameter.
  if (psk) {
    hello.selected = selected.number(2);
    if (!selected.done()) return broken("pre_shared_key");
  }
  const auto key_share = extensions.find(kKeyShare);
  Reader share(key_share.value_or(ByteView()));
  const auto group = share.number(2);
  if (!hello.retry) hello.share = share.vector(2);
  // Section 4.2.8: the group MUST be one that was offered.
  const bool known =
      group == static_cast<std::uint32_t>(Group::X25519) || group == static_cast<std::uint32_t>(Group::P256);
  if (!key_share || !share.done() || !known) return illegal("no key share of an offered group", "one");
  hello.group = static_cast<Group>(group);
  if (const auto cookie = extensions.find(kCookie)) {
    Reader inner(*cookie);
    hello.cookie = inner.vector(2);
    if (!inner.done() || hello.cookie.empty()) return broken("cookie");
  }
  return hello;
}

Parsed<std::string> parse_encrypted_extensions(ByteView message) {
  Reader reader(message.subspan(std::min(kMessageHeader, message.size())));
  const auto list = reader.vector(2);
  if (!reader.done()) return broken("EncryptedExtensions");
  Extensions extensions;
  if (auto refused = extensions.read(list)) return std::move(*refused);
  // Section 4.2: an answer to what was not asked MUST be refused with unsupported_extension. supported_groups may come
  // unasked for (section 4.2.7).
  if (const auto other = extensions.other_than({kAlpn, kSupportedGroups})) {
    return Refusal{
        {Code::tls_handshake_malformed, "extension " + std::to_string(*other) + " unasked for", "ALPN alone"},
        Alert::UnsupportedExtension};
  }
  const auto alpn = extensions.find(kAlpn);
  if (!alpn) return std::string();
  // RFC 7301 section 3.1: exactly one name.
  Reader outer(*alpn);
  Reader names(outer.vector(2));
  const auto name = names.vector(1);
  if (!outer.done() || !names.done() || name.empty()) return broken("ALPN in EncryptedExtensions");
  return std::string(as_text(name));
}

}  // namespace cpns::tls::psk13
