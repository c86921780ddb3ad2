#define OPENSSL_SUPPRESS_DEPRECATED  // deprecated in favour of EVP, whose look-ups are what is to be spared here

#include "tls/psk13/sha256.hpp"

#include <array>
#include <cstdlib>

namespace cpns::tls::psk13 {
namespace {

constexpr std::size_t kBlock = 64;

}  // namespace

// These fail for no input and need no memory; their results are 1 always.
Sha256::Sha256() noexcept { (void)SHA256_Init(&state_); }

void Sha256::add(ByteView bytes) noexcept { (void)SHA256_Update(&state_, bytes.data(), bytes.size()); }

crypto::Digest Sha256::finish() noexcept {
  crypto::Digest digest;
  (void)SHA256_Final(digest.data(), &state_);
  secret::wipe({reinterpret_cast<std::uint8_t*>(&state_), sizeof state_});
  return digest;
}

crypto::Mac hmac(ByteView key, ByteView data) noexcept {
  if (key.size() > kBlock) std::abort();
  std::array<std::uint8_t, kBlock> pad{};
  const auto fill = [&](std::uint8_t value) {
    pad.fill(value);
    for (std::size_t i = 0; i < key.size(); ++i) pad[i] ^= key[i];
  };
  fill(0x36);
  Sha256 inner;
  inner.add(pad);
  inner.add(data);
  auto digest = inner.finish();
  fill(0x5c);
  Sha256 outer;
  outer.add(pad);
  outer.add(digest);
  const auto mac = outer.finish();
  secret::wipe(pad);
  secret::wipe(digest);
  return mac;
}

}  // namespace cpns::tls::psk13
