#pragma once
// The key schedule of TLS 1.3 (RFC 8446 section 7) for SHA-256 and external PSKs: who holds which secret is a type, so
// that a step can be neither left out nor done twice. Pure functions, thread-safe; a transcript hash is SHA-256 over
// the handshake messages as the RFC says at each secret (section 4.4.1), made by the caller.

#include "core/crypto/sha256.hpp"
#include "core/secret/keys.hpp"
#include "tls/x25519/x25519.hpp"

namespace cpns::tls::psk13 {

using TranscriptHash = crypto::Digest;
using VerifyData = crypto::Mac;  ///< Finished.verify_data and a PSK binder: 32 bytes

using EarlySecret = secret::SecretBytes<32, struct EarlySecretTag>;
using HandshakeSecret = secret::SecretBytes<32, struct HandshakeSecretTag>;
using MasterSecret = secret::SecretBytes<32, struct MasterSecretTag>;
using BinderKey = secret::SecretBytes<32, struct BinderKeyTag>;
using TrafficSecret = secret::SecretBytes<32, struct TrafficSecretTag>;  ///< of one direction and one key epoch
using SharedSecret = x25519::SharedSecret;                               ///< of (EC)DHE, X25519 or P-256 (section 7.4)
using ExporterSecret = secret::SecretBytes<32, struct ExporterSecretTag>;

enum class Side : std::uint8_t { Client, Server };

/// A secret made ready for several derivations, on the stack of whoever makes them; wiped. A secret is taken for one
/// wherever there is one derivation alone.
template <class Secret>
class Ready {
 public:
  Ready(const Secret& secret) noexcept;  // NOLINT(google-explicit-constructor): see above
  [[nodiscard]] const crypto::HmacKey& hmac() const noexcept { return hmac_; }

 private:
  crypto::HmacKey hmac_;
};

/// How a PSK came to be; each has a label of its own, so that one is never taken for another.
enum class PskKind : std::uint8_t {
  External,  ///< "ext binder" (RFC 8446 section 7.1)
  Imported,  ///< "imp binder" (RFC 9258 section 5.2)
};

/// HKDF-Expand-Label (section 7.1). `label` without "tls13 ", at most 249 bytes; `context` at most 255; `out` at most
/// 8160. Longer ones are a bug of the caller and end the program: nothing a peer sends gets here as a length.
void expand_label(const crypto::HmacKey& secret, std::string_view label, ByteView context, std::span<std::uint8_t> out);
void expand_label(ByteView secret, std::string_view label, ByteView context, std::span<std::uint8_t> out);

[[nodiscard]] EarlySecret early_secret(const secret::TlsPsk& psk);
/// The PSK that `psk` becomes under an ImportedIdentity (RFC 9258 section 5.1): for TLS 1.3 and HKDF-SHA256, 32 bytes.
[[nodiscard]] secret::TlsPsk import_psk(const secret::TlsPsk& psk, ByteView imported_identity);
[[nodiscard]] BinderKey binder_key(const Ready<EarlySecret>& early, PskKind kind);
[[nodiscard]] HandshakeSecret handshake_secret(const Ready<EarlySecret>& early, const SharedSecret& shared);
[[nodiscard]] MasterSecret master_secret(const Ready<HandshakeSecret>& handshake);

/// `hash` over ClientHello...ServerHello.
[[nodiscard]] TrafficSecret handshake_traffic(const Ready<HandshakeSecret>& handshake, Side writer,
                                              const TranscriptHash& hash);
/// `hash` over ClientHello...server Finished.
[[nodiscard]] TrafficSecret application_traffic(const Ready<MasterSecret>& master, Side writer,
                                                const TranscriptHash& hash);
/// The secret that follows a KeyUpdate (section 7.2). The caller lets go of `current` (section 7.2: SHOULD delete).
[[nodiscard]] TrafficSecret next_traffic(const Ready<TrafficSecret>& current);

/// `hash` over ClientHello...server Finished.
[[nodiscard]] ExporterSecret exporter_secret(const Ready<MasterSecret>& master, const TranscriptHash& hash);
/// TLS-Exporter without context (section 7.5). Fails with `tls_misused` where `label` is longer than 249 bytes or
/// `size` than 8160.
[[nodiscard]] Result<secret::SecretBuffer> export_key(const ExporterSecret& exporter, std::string_view label,
                                                      std::size_t size);

/// Finished.verify_data (section 4.4.4) of whoever writes with `traffic`, a handshake traffic secret.
[[nodiscard]] VerifyData finished(const Ready<TrafficSecret>& traffic, const TranscriptHash& hash);
/// A PSK binder (section 4.2.11.2); `hash` over the transcript up to and with the truncated ClientHello.
[[nodiscard]] VerifyData binder(const BinderKey& key, const TranscriptHash& hash);

}  // namespace cpns::tls::psk13
