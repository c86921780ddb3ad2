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
To extract(ByteView salt, ByteView input) {
  return To::make([&](std::span<std::uint8_t, 32> to) {
    auto mac = crypto::hmac(salt, {input});
    std::copy(mac.begin(), mac.end(), to.begin());
    secret::wipe(mac);
  });
}

/// Derive-Secret (RFC 8446 section 7.1).
template <class To>
To derive(ByteView secret, std::string_view label, const TranscriptHash& hash) {
  return To::make([&](std::span<std::uint8_t, 32> to) { expand_label(secret, label, hash, to); });
}

VerifyData verify_data(ByteView base, const TranscriptHash& hash) {
  std::array<std::uint8_t, 32> key;
  expand_label(base, "finished", {}, key);
  const auto code = crypto::hmac(key, {hash});
  secret::wipe(key);
  return code;
}

}  // namespace

void expand_label(ByteView secret, std::string_view label, ByteView context, std::span<std::uint8_t> out) {
  if (label.size() > kMaxLabel || context.size() > 255 || out.size() > kMaxExpanded) {
    std::abort();
  }
  // T(i-1), HkdfLabel and the counter in one buffer: RFC 5869 section 2.3 over the struct of RFC 8446 section 7.1.
  std::array<std::uint8_t, 32 + 2 + 1 + 255 + 1 + 255 + 1> input;
  std::size_t size = 32;
  input[size++] = static_cast<std::uint8_t>(out.size() >> 8);
  input[size++] = static_cast<std::uint8_t>(out.size());
  input[size++] = static_cast<std::uint8_t>(kPrefix.size() + label.size());
  for (const auto text : {as_bytes(kPrefix), as_bytes(label)}) {
    std::copy(text.begin(), text.end(), input.begin() + static_cast<std::ptrdiff_t>(size));
    size += text.size();
  }
  input[size++] = static_cast<std::uint8_t>(context.size());
  std::copy(context.begin(), context.end(), input.begin() + static_cast<std::ptrdiff_t>(size));
  size += context.size();

  std::size_t from = 32;
  std::uint8_t counter = 0;
  for (std::size_t done = 0; done < out.size();) {
    input[size] = ++counter;
    auto block = crypto::hmac(secret, {ByteView(input).subspan(from, size + 1 - from)});
    const std::size_t n = std::min(block.size(), out.size() - done);
    std::copy_n(block.begin(), n, out.begin() + static_cast<std::ptrdiff_t>(done));
    std::copy(block.begin(), block.end(), input.begin());
    from = 0;
    done += n;
    secret::wipe(block);
  }
  secret::wipe(input);
}

EarlySecret early_secret(const secret::TlsPsk& psk) { return extract<EarlySecret>(kZeros, raw(psk)); }

secret::TlsPsk import_psk(const secret::TlsPsk& psk, ByteView imported_identity) {
  // epskx and ipskx of the RFC; its hash is that of the external PSK, SHA-256.
  const auto extracted = extract<EarlySecret>(kZeros, raw(psk));
  const auto hash = crypto::sha256({imported_identity});
  return secret::TlsPsk::make(
      [&](std::span<std::uint8_t, 32> to) { expand_label(raw(extracted), "derived psk", hash, to); });
}

BinderKey binder_key(const EarlySecret& early, PskKind kind) {
  return derive<BinderKey>(raw(early), kind == PskKind::External ? "ext binder" : "imp binder", hash_of_nothing());
}

HandshakeSecret handshake_secret(const EarlySecret& early, const SharedSecret& shared) {
  const auto salt = derive<EarlySecret>(raw(early), "derived", hash_of_nothing());
  return extract<HandshakeSecret>(raw(salt), raw(shared));
}

MasterSecret master_secret(const HandshakeSecret& handshake) {
  const auto salt = derive<HandshakeSecret>(raw(handshake), "derived", hash_of_nothing());
  return extract<MasterSecret>(raw(salt), kZeros);
}

TrafficSecret handshake_traffic(const HandshakeSecret& handshake, Side writer, const TranscriptHash& hash) {
  return derive<TrafficSecret>(raw(handshake), writer == Side::Client ? "c hs traffic" : "s hs traffic", hash);
}

TrafficSecret application_traffic(const MasterSecret& master, Side writer, const TranscriptHash& hash) {
  return derive<TrafficSecret>(raw(master), writer == Side::Client ? "c ap traffic" : "s ap traffic", hash);
}

TrafficSecret next_traffic(const TrafficSecret& current) {
  return TrafficSecret::make(
      [&](std::span<std::uint8_t, 32> to) { expand_label(raw(current), "traffic upd", {}, to); });
}

ExporterSecret exporter_secret(const MasterSecret& master, const TranscriptHash& hash) {
  return derive<ExporterSecret>(raw(master), "exp master", hash);
}

Result<secret::SecretBuffer> export_key(const ExporterSecret& exporter, std::string_view label, std::size_t size) {
  if (label.size() > kMaxLabel || size > kMaxExpanded) {
    return Error{Code::tls_misused,
                 "a label of " + std::to_string(label.size()) + " and a key of " + std::to_string(size) + " bytes",
                 "at most 249 and 8160 bytes"};
  }
  const auto of_label = derive<ExporterSecret>(raw(exporter), label, hash_of_nothing());
  secret::SecretBuffer out(size);
  expand_label(raw(of_label), "exporter", hash_of_nothing(), out.writable());
  return out;
}

VerifyData finished(const TrafficSecret& traffic, const TranscriptHash& hash) {
  return verify_data(raw(traffic), hash);
}

VerifyData binder(const BinderKey& key, const TranscriptHash& hash) { return verify_data(raw(key), hash); }

}  // namespace cpns::tls::psk13
