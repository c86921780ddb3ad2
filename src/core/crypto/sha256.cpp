#define OPENSSL_SUPPRESS_DEPRECATED  // deprecated in favour of EVP, whose look-ups are what is to be spared here

#include "core/crypto/sha256.hpp"

#include <algorithm>

namespace cpns::crypto {
namespace {

constexpr std::size_t kBlock = 64;

std::span<std::uint8_t> bytes_of(SHA256_CTX& state) { return {reinterpret_cast<std::uint8_t*>(&state), sizeof state}; }

}  // namespace

// These fail for no input and need no memory; their results are 1 always.
Sha256::Sha256() noexcept { (void)SHA256_Init(&state_); }

void Sha256::add(ByteView bytes) noexcept { (void)SHA256_Update(&state_, bytes.data(), bytes.size()); }

Digest Sha256::finish() noexcept {
  Digest digest;
  (void)SHA256_Final(digest.data(), &state_);
  secret::wipe(bytes_of(state_));
  return digest;
}

HmacKey::HmacKey(ByteView key) noexcept {
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
  const auto begin = [&block](SHA256_CTX& state, std::uint8_t pad) {
    for (auto& byte : block) byte = static_cast<std::uint8_t>(byte ^ pad);
    (void)SHA256_Init(&state);
    (void)SHA256_Update(&state, block.data(), block.size());
  };
  constexpr std::uint8_t kInner = 0x36, kOuter = 0x5c;
  begin(inner_, kInner);
  begin(outer_, kInner ^ kOuter);
  secret::wipe(block);
}

HmacKey::~HmacKey() {
  secret::wipe(bytes_of(inner_));
  secret::wipe(bytes_of(outer_));
}

void HmacKey::mac(std::initializer_list<ByteView> pieces, Mac& to) const noexcept {
  auto state = inner_;
  for (const auto piece : pieces) (void)SHA256_Update(&state, piece.data(), piece.size());
  (void)SHA256_Final(to.data(), &state);
  state = outer_;
  (void)SHA256_Update(&state, to.data(), to.size());
  (void)SHA256_Final(to.data(), &state);
  secret::wipe(bytes_of(state));
}

Mac hmac(ByteView key, std::initializer_list<ByteView> pieces) noexcept {
  Mac mac;
  HmacKey(key).mac(pieces, mac);
  return mac;
}

}  // namespace cpns::crypto
