#define OPENSSL_SUPPRESS_DEPRECATED  // deprecated in favour of EVP, whose look-ups are what is to be spared here

#include "core/crypto/sha256.hpp"

#include <algorithm>

namespace cpns::crypto {
namespace {

constexpr std::size_t kBlock = 64;

}  // namespace

// These fail for no input and need no memory; their results are 1 always.
Sha256::Sha256() noexcept { (void)SHA256_Init(&state_); }

void Sha256::add(ByteView bytes) noexcept { (void)SHA256_Update(&state_, bytes.data(), bytes.size()); }

Digest Sha256::finish() noexcept {
  Digest digest;
  (void)SHA256_Final(digest.data(), &state_);
  secret::wipe({reinterpret_cast<std::uint8_t*>(&state_), sizeof state_});
  return digest;
}

Mac hmac(ByteView key, std::initializer_list<ByteView> pieces) noexcept {
  std::array<std::uint8_t, kBlock> block{};  // the key, or its hash where it is longer
  if (key.size() <= kBlock) {
    std::copy(key.begin(), key.end(), block.begin());
  } else {
    Sha256 hash;
    hash.add(key);
    auto digest = hash.finish();
    std::copy(digest.begin(), digest.end(), block.begin());
    secret::wipe(digest);
  }
  const auto pad = [&](std::uint8_t value) {
    for (auto& byte : block) byte = static_cast<std::uint8_t>(byte ^ value);
  };
  constexpr std::uint8_t kInner = 0x36, kOuter = 0x5c;
  pad(kInner);
  Sha256 inner;
  inner.add(block);
  for (const auto piece : pieces) inner.add(piece);
  auto digest = inner.finish();
  pad(kInner ^ kOuter);
  Sha256 outer;
  outer.add(block);
  outer.add(digest);
  const auto mac = outer.finish();
  secret::wipe(block);
  secret::wipe(digest);
  return mac;
}

}  // namespace cpns::crypto
