#pragma once
// ClientHello and ServerHello of TLS 1.3 (RFC 8446 sections 4.1 and 4.2), as far as external PSKs with (EC)DHE need
// them. Pure: parsers give views into the message, and hold nothing.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.hpp"
#include "tls/psk13/alert.hpp"
#include "tls/psk13/record_protection.hpp"

namespace cpns::tls::psk13 {

enum class MessageType : std::uint8_t {
  ClientHello = 1,
  ServerHello = 2,
  NewSessionTicket = 4,
  EncryptedExtensions = 8,
  Finished = 20,
  KeyUpdate = 24,
  MessageHash = 254,
};
enum class Group : std::uint16_t { P256 = 0x0017, X25519 = 0x001d };

inline constexpr std::uint32_t kTls13 = 0x0304;
inline constexpr std::uint32_t kLegacyVersion = 0x0303;  ///< what every hello says; supported_versions counts
inline constexpr std::size_t kMessageHeader = 4;
inline constexpr std::size_t kRandomSize = 32;
inline constexpr std::size_t kMostIdentities = 4;
inline constexpr std::size_t kBinderSize = 32;  ///< of a PSK for SHA-256

/// What parsing gives: a value, or why there is none.
template <class T>
using Parsed = std::variant<T, Refusal>;

/// One key share; empty where the peer sent none.
struct Shares {
  ByteView x25519;  ///< 32 bytes
  ByteView p256;    ///< 65 bytes, an uncompressed point; that it lies on the curve is for libcrypto to check
  [[nodiscard]] ByteView of(Group group) const noexcept { return group == Group::X25519 ? x25519 : p256; }
};

/// A ClientHello that offers what this profile needs [T1]. Views into the message. Of its PSK identities an imported
/// one counts, for that is bound to the protocol (RFC 9258); without one among the first kMostIdentities the first.
struct ClientHello {
  ByteView session_id;             ///< to be echoed: 0-32 bytes
  Suite suite = Suite::Aes128Gcm;  ///< the first in the client's list that is ours
  bool lists_x25519 = false;
  bool lists_p256 = false;
  Shares shares;
  std::optional<ByteView> alpn;  ///< the extension's body
  std::string identity;          ///< the PSK identity that counts: 1-256 bytes
  ByteView binder;               ///< of that identity
  std::size_t selected = 0;      ///< its place in the list
  ByteView imported;             ///< the whole ImportedIdentity where it is one (RFC 9258); else empty
  std::size_t truncated = 0;     ///< bytes of the message before the list of binders (section 4.2.11.2)
  bool has_cookie = false;
  bool early_data = false;  ///< the client sends some, unasked
};

/// `message` with its header, as it came. Refused are: another version (`tls_version_too_old`), no suite of ours
/// (`tls_no_common_cipher_suite`), no PSK (`tls_psk_missing`), psk_ke alone (`tls_psk_mode_refused`), a broken PSK
/// offer
/// (`tls_psk_extension_malformed`), and whatever breaks the form (`tls_handshake_malformed`).
[[nodiscard]] Parsed<ClientHello> parse_client_hello(ByteView message);

/// ServerHello, or HelloRetryRequest where `retry`.
struct ServerHello {
  bool retry = false;
  ByteView session_id;
  Suite suite = Suite::Aes128Gcm;
  Group group = Group::X25519;          ///< of the share, or the one that is asked for
  ByteView share;                       ///< empty in a HelloRetryRequest
  std::optional<std::size_t> selected;  ///< place of the PSK that was selected: 0 or 1
  ByteView cookie;                      ///< of a HelloRetryRequest
};
/// Refused are: another version, what was not offered, and whatever breaks the form.
[[nodiscard]] Parsed<ServerHello> parse_server_hello(ByteView message);

/// The protocol that EncryptedExtensions select; empty where there is none. Refused is what no PSK client asked for.
[[nodiscard]] Parsed<std::string> parse_encrypted_extensions(ByteView message);

struct ClientHelloParts {
  ByteView random;      ///< 32 bytes
  ByteView session_id;  ///< 0-32 bytes
  bool offer_p256;
  Group group;  ///< of the share
  ByteView share;
  const std::vector<std::string>& alpn;  ///< names of 1-255 bytes
  std::string_view identity;             ///< 1-256 bytes
  ByteView imported;                     ///< an ImportedIdentity, offered second; or empty
  ByteView cookie;                       ///< of a HelloRetryRequest; else empty
};
/// The message with zeros in the place of its binders: at the end, each of kBinderSize bytes behind one of length.
[[nodiscard]] Bytes encode_client_hello(const ClientHelloParts& parts);
/// Bytes at the end of an encoded ClientHello that its binders do not cover: their list.
[[nodiscard]] constexpr std::size_t binder_list(std::size_t identities) { return 2 + identities * (1 + kBinderSize); }

/// `random` is the one of section 4.1.3 where `share` is empty: a HelloRetryRequest for `group`.
/// `selected`: place of the PSK.
[[nodiscard]] Bytes encode_server_hello(ByteView random, ByteView session_id, Suite suite, Group group, ByteView share,
                                        std::size_t selected = 0);
[[nodiscard]] Bytes encode_encrypted_extensions(std::string_view alpn);
[[nodiscard]] Bytes encode_finished(ByteView verify_data);
[[nodiscard]] Bytes encode_key_update(bool ask_for_one);

/// SHA-256 of "HelloRetryRequest" (section 4.1.3).
[[nodiscard]] ByteView hello_retry_random() noexcept;

}  // namespace cpns::tls::psk13
