// Reads what a server answers: ServerHello, HelloRetryRequest, EncryptedExtensions. Each MUST of RFC 8446 that is
// checked is named by its section.

#include "tls/psk13/extensions.hpp"

namespace cpns::tls::psk13 {

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
  if (!versions || legacy <= kSsl30) return too_old("a server without TLS 1.3");
  if (version.number(2) != kTls13 || !version.done() || legacy != kLegacyVersion)
    return illegal("another version in ServerHello", "TLS 1.3");
  if (!suite) return illegal("a cipher suite that was not offered", "one of ours");
  if (compression != 0) return illegal("compression", "none");
  hello.suite = *suite;
  hello.retry = std::ranges::equal(random, hello_retry_random());
  const auto other = hello.retry ? extensions.other_than({kSupportedVersions, kKeyShare, kCookie})
                                 : extensions.other_than({kSupportedVersions, kKeyShare, kPreSharedKey});
  if (other) return misplaced(*other, "ServerHello");
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
  // supported_groups may come unasked for (section 4.2.7).
  if (const auto other = extensions.other_than({kAlpn, kSupportedGroups}))
    return misplaced(*other, "EncryptedExtensions");
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
