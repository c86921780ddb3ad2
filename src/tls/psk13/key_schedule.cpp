#include "tls/psk13/key_schedule.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/crypto/sha256.hpp"

namespace cpns::tls::psk13 {
namespace {

constexpr std::string_view kPrefix = "tls13 ";
constexpr std::size_t kMaxLabel = 255 - kPrefix.size();
constexpr std::size_t kMaxExpanded = 255 * sizeof(crypto::Mac);
constexpr std::array<std::uint8_t, 32> kZeros{};

const crypto::Digest& hash_of_nothing() {
  static const crypto::Digest hash = crypto::sha256({});
  return hash;
}

template <class Secret>
ByteView raw(const Secret& secret) {
  return secret.reveal(secret::SecretAccess{});
}

/// HKDF-Extract (RFC 5869 section 2.2) is one HMAC; a stack copy of its result does not outlive the call.
template <class To>
To extract(const crypto::HmacKey& salt, ByteView input) {
  return To::make([&](std::span<std::uint8_t, 32> to) {
    crypto::Mac mac;
    salt.mac({input}, mac);
    std::copy(mac.begin(), mac.end(), to.begin());
    secret::wipe(mac);
  });
}

/// Where there is no salt; the same for every handshake, and no secret.
const crypto::HmacKey& no_salt() {
  static const crypto::HmacKey salt{kZeros};
  return salt;
}

/// Derive-Secret (RFC 8446 section 7.1).
template <class To, class From>
To derive(const Ready<From>& secret, std::string_view label, const TranscriptHash& hash) {
  return To::make([&](std::span<std::uint8_t, 32> to) { expand_label(secret.hmac(), label, hash, to); });
}

/// The extraction of section 7.1 that follows `from`, whose salt is derived from it.
template <class To, class From>
To extract_next(const Ready<From>& from, ByteView input) {
  std::array<std::uint8_t, 32> derived;
  expand_label(from.hmac(), "derived", hash_of_nothing(), derived);
  const crypto::HmacKey salt(derived);
  secret::wipe(derived);
  return extract<To>(salt, input);
}

template <class Base>
VerifyData verify_data(const Ready<Base>& base, const TranscriptHash& hash) {
  std::array<std::uint8_t, 32> key;
  expand_label(base.hmac(), "finished", {}, key);
  const auto code = crypto::hmac(key, {hash});
  secret::wipe(key);
  return code;
}

}  // namespace

template <class Secret>
Ready<Secret>::Ready(const Secret& secret) noexcept : hmac_(raw(secret)) {}
template class Ready<EarlySecret>;
template class Ready<HandshakeSecret>;
template class Ready<MasterSecret>;
template class Ready<TrafficSecret>;
template class Ready<BinderKey>;
template class Ready<ExporterSecret>;

void expand_label(ByteView secret, std::string_view label, ByteView context, std::span<std::uint8_t> out) {
  expand_label(crypto::HmacKey(secret), label, context, out);
}

void expand_label(const crypto::HmacKey& secret, std::string_view label, ByteView context,
                  std::span<std::uint8_t> out) {
  if (label.size() > kMaxLabel || context.size() > 255 || out.size() > kMaxExpanded) {
    std::abort();
  }
  // The struct of RFC 8446 section 7.1, and the counter of RFC 5869 section 2.3 behind it.
  std::array<std::uint8_t, 2 + 1 + 255 + 1 + 255 + 1> info;
  std::size_t size = 0;
  info[size++] = static_cast<std::uint8_t>(out.size() >> 8);
  info[size++] = static_cast<std::uint8_t>(out.size());
  info[size++] = static_cast<std::uint8_t>(kPrefix.size() + label.size());
  for (const auto text : {as_bytes(kPrefix), as_bytes(label)}) {
    std::copy(text.begin(), text.end(), info.begin() + static_cast<std::ptrdiff_t>(size));
    size += text.size();
  }
  info[size++] = static_cast<std::uint8_t>(context.size());
  std::copy(context.begin(), context.end(), info.begin() + static_cast<std::ptrdiff_t>(size));
  size += context.size();

  crypto::Mac block;
  std::size_t before = 0;  // T(0) is empty
  for (std::uint8_t counter = 1; !out.empty(); ++counter) {
    info[size] = counter;
    secret.mac({ByteView(block).first(before), ByteView(info).first(size + 1)}, block);
    before = block.size();
    const std::size_t n = std::min(block.size(), out.size());
    std::copy_n(block.begin(), n, out.begin());
    out = out.subspan(n);
  }
  secret::wipe(block);
}

EarlySecret early_secret(const secret::TlsPsk& psk) { return extract<EarlySecret>(no_salt(), raw(psk)); }

secret::TlsPsk import_psk(const secret::TlsPsk& psk, ByteView imported_identity) {
  // epskx and ipskx of the RFC; its hash is that of the external PSK, SHA-256.
  const auto extracted = extract<EarlySecret>(no_salt(), raw(psk));
  const auto hash = crypto::sha256({imported_identity});
  return secret::TlsPsk::make(
      [&](std::span<std::uint8_t, 32> to) { expand_label(raw(extracted), "derived psk", hash, to); });
}

BinderKey binder_key(const Ready<EarlySecret>& early, PskKind kind) {
  return derive<BinderKey>(early, kind == PskKind::External ? "ext binder" : "imp binder", hash_of_nothing());
}

HandshakeSecret handshake_secret(const Ready<EarlySecret>& early, const SharedSecret& shared) {
  return extract_next<HandshakeSecret>(early, raw(shared));
}

MasterSecret master_secret(const Ready<HandshakeSecret>& handshake) {
  return extract_next<MasterSecret>(handshake, kZeros);
}

TrafficSecret handshake_traffic(const Ready<HandshakeSecret>& handshake, Side writer, const TranscriptHash& hash) {
  return derive<TrafficSecret>(handshake, writer == Side::Client ? "c hs traffic" : "s hs traffic", hash);
}

TrafficSecret application_traffic(const Ready<MasterSecret>& master, Side writer, const TranscriptHash& hash) {
  return derive<TrafficSecret>(master, writer == Side::Client ? "c ap traffic" : "s ap traffic", hash);
}

TrafficSecret next_traffic(const Ready<TrafficSecret>& current) {
  return TrafficSecret::make(
      [&](std::span<std::uint8_t, 32> to) { expand_label(current.hmac(), "traffic upd", {}, to); });
}

ExporterSecret exporter_secret(const Ready<MasterSecret>& master, const TranscriptHash& hash) {
  return derive<ExporterSecret>(master, "exp master", hash);
}

Result<secret::SecretBuffer> export_key(const ExporterSecret& exporter, std::string_view label, std::size_t size) {
  if (label.size() > kMaxLabel || size > kMaxExpanded) {
    return Error{Code::tls_misused,
                 "a label of " + std::to_string(label.size()) + " and a key of " + std::to_string(size) + " bytes",
                 "at most 249 and 8160 bytes"};
  }
  const auto of_label = derive<ExporterSecret>(Ready(exporter), label, hash_of_nothing());
  secret::SecretBuffer out(size);
  expand_label(raw(of_label), "exporter", hash_of_nothing(), out.writable());
  return out;
}

VerifyData finished(const Ready<TrafficSecret>& traffic, const TranscriptHash& hash) {
  return verify_data(traffic, hash);
}

VerifyData binder(const BinderKey& key, const TranscriptHash& hash) { return verify_data(Ready(key), hash); }

}  // namespace cpns::tls::psk13
