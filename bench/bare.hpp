#pragma once
// The cryptography of a handshake with nothing around it: what is left when everything else costs nothing.

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <vector>

#include "core/crypto/sha256.hpp"
#include "tls/x25519/x25519.hpp"

namespace cpns::bench {

namespace x25519 = tls::x25519;

class PrivateRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    if (RAND_priv_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
  }
};

/// X25519 twice, the blocks of SHA-256 that the key schedule, the binder, both Finished and the transcript need, and
/// the keys and records of three directions.
class Bare {
 public:
  /// As many handshakes, with X25519 by libcrypto, one after the other.
  bool one_by_one(std::size_t handshakes) {
    bool good = true;
    for (std::size_t i = 0; i < handshakes; ++i) good = exchange_by_libcrypto() && symmetric() && good;
    return good;
  }
  /// With X25519 of our own, `together` at a time, where the CPU has what that needs.
  bool together(std::size_t handshakes, std::size_t together) {
    bool good = true;
    std::vector<x25519::Share> theirs(together, share_);
    for (std::size_t done = 0; done < handshakes; done += together) {
      std::vector<x25519::Exchanged> made(together);
      x25519::exchange(theirs, made, random_, x25519::Way::Eight);
      for (const auto& one : made) good = one.secret.has_value() && symmetric() && good;
    }
    return good;
  }

 private:
  // 13 keys of HMAC, two blocks each, 25 HMACs under them, two blocks each, and 10 blocks of transcript: what the key
  // schedule needs where no key's blocks are computed twice.
  static constexpr int kKeys = 13, kHmacs = 25;

  bool exchange_by_libcrypto() {
    EVP_PKEY* mine = EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519");
    EVP_PKEY_CTX* derive = EVP_PKEY_CTX_new_from_pkey(nullptr, mine, nullptr);
    std::array<std::uint8_t, 32> shared;
    std::size_t size = shared.size();
    const bool good = EVP_PKEY_derive_init(derive) == 1 && EVP_PKEY_derive_set_peer(derive, peer_) == 1 &&
                      EVP_PKEY_derive(derive, shared.data(), &size) == 1;
    EVP_PKEY_CTX_free(derive);
    EVP_PKEY_free(mine);
    return good;
  }
  bool symmetric() {
    crypto::Digest digest{};
    std::array<std::uint8_t, 50> data{};
    for (int key = 0, done = 0; key < kKeys; ++key) {
      const crypto::HmacKey ready(digest);
      for (; done * kKeys < kHmacs * (key + 1); ++done) ready.mac({data}, digest);
    }
    crypto::Sha256 transcript;
    std::array<std::uint8_t, 10 * 64 - 9> messages{};
    transcript.add(messages);
    const auto hash = transcript.finish();
    std::array<std::uint8_t, 128> record{};
    int n = 0;
    bool good = true;
    for (int i = 0; i < 3; ++i) {
      good = EVP_CipherInit_ex2(cipher_, gcm_, digest.data(), hash.data(), 1, nullptr) == 1 &&
             EVP_CipherUpdate(cipher_, nullptr, &n, record.data(), 5) == 1 &&
             EVP_CipherUpdate(cipher_, record.data(), &n, record.data(), 64) == 1 &&
             EVP_CipherFinal_ex(cipher_, record.data(), &n) == 1 && good;
    }
    return good;
  }
  static x25519::Share share_of(EVP_PKEY* key) {
    x25519::Share share{};
    std::size_t size = share.size();
    if (EVP_PKEY_get_raw_public_key(key, share.data(), &size) != 1) std::abort();
    return share;
  }

  // Fetched once, and kept to the program's end.
  EVP_CIPHER* gcm_ = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  EVP_CIPHER_CTX* cipher_ = EVP_CIPHER_CTX_new();
  EVP_PKEY* peer_ = EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519");
  x25519::Share share_ = share_of(peer_);
  PrivateRandom random_;
};

}  // namespace cpns::bench
