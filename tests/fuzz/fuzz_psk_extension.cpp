// What an external-PSK server reads of a stranger's ClientHello before it knows the key [T1, T2].

#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "tls/psk_extension.hpp"

namespace {

// A pre_shared_key extension with one identity and a binder of 32 bytes (RFC 8446 section 4.2.11).
cpns::Bytes extension_for(cpns::ByteView identity) {
  cpns::Bytes out;
  const auto number = [&](std::size_t n) {
    out.push_back(static_cast<std::uint8_t>(n >> 8U));
    out.push_back(static_cast<std::uint8_t>(n));
  };
  number(identity.size() + 6);
  number(identity.size());
  out.insert(out.end(), identity.begin(), identity.end());
  out.insert(out.end(), 4, 0);
  number(33);
  out.push_back(32);
  out.insert(out.end(), 32, 0xb1);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  const cpns::ByteView bytes(data, size);
  if (const auto identity = cpns::tls::parse_first_psk_identity(bytes)) {
    cpns::fuzz::accept();
    require(!identity->empty() && identity->size() <= cpns::tls::kMaxPskIdentity, "an identity has 1-256 bytes");
    const auto found = std::search(bytes.begin(), bytes.end(), identity->begin(), identity->end(),
                                   [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
    require(found != bytes.end(), "an identity is part of what was sent");
  }
  const auto wrapped =
      cpns::tls::parse_first_psk_identity(extension_for(bytes.first(std::min<std::size_t>(size, 300))));
  require(wrapped.ok() == (size >= 1 && size <= cpns::tls::kMaxPskIdentity), "a well-formed extension parses");

  (void)cpns::tls::offers_psk_dhe_ke(bytes);
  (void)cpns::tls::offers_tls13(bytes);
  (void)cpns::tls::offers_protocol(bytes, "cpns/1");
  (void)cpns::tls::offers_protocol(bytes, "http/1.1");
  return 0;
}
