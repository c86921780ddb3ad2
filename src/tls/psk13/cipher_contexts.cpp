#include "tls/psk13/cipher_contexts.hpp"

#include <openssl/evp.h>

#include <array>
#include <type_traits>

namespace cpns::tls::psk13 {
namespace {

// Two for each connection of a crowd in its handshake; 1 KiB each.
constexpr std::size_t kMostKept = 64;

/// Fetched once and kept for the process's life: a fetch for each connection costs more than the cipher.
const EVP_CIPHER* cipher_of(Suite suite) {
  static EVP_CIPHER* const aes = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static EVP_CIPHER* const chacha = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  return suite == Suite::Aes128Gcm ? aes : chacha;
}

/// Contexts of AES-128-GCM that nobody holds. Of ChaCha20-Poly1305 none are kept: a new key leaves the last record's
/// key stream in them. No destructor: it may be asked behind the end of its thread's objects, by others of them.
struct Kept {
  EVP_CIPHER_CTX* take() noexcept { return count > 0 ? all[--count] : nullptr; }
  bool keep(EVP_CIPHER_CTX* context) noexcept {
    if (count >= room) return false;
    static constexpr std::array<std::uint8_t, 16> kZeros{};
    // Key schedule, hash key, counter and IV: all of it is written anew.
    if (EVP_CipherInit_ex2(context, nullptr, kZeros.data(), kZeros.data(), 1, nullptr) != 1) return false;
    all[count++] = context;
    return true;
  }

  std::array<EVP_CIPHER_CTX*, kMostKept> all{};
  std::size_t count = 0;
  std::size_t room = kMostKept;
};
static_assert(std::is_trivially_destructible_v<Kept>);

/// Frees them with the thread; what is given back from then on is not kept.
struct EndOfThread {
  explicit EndOfThread(Kept& of) noexcept : kept(of) {}
  EndOfThread(const EndOfThread&) = delete;
  EndOfThread& operator=(const EndOfThread&) = delete;
  ~EndOfThread() {
    kept.room = 0;
    while (auto* context = kept.take()) EVP_CIPHER_CTX_free(context);
  }
  Kept& kept;
};

Kept& kept() {
  thread_local constinit Kept contexts;
  thread_local const EndOfThread end(contexts);
  return contexts;
}

}  // namespace

void GiveContextBack::operator()(evp_cipher_ctx_st* context) const noexcept {
  if (context == nullptr) return;
  const auto* cipher = EVP_CIPHER_CTX_get0_cipher(context);
  const bool aes = cipher != nullptr && EVP_CIPHER_get_nid(cipher) == NID_aes_128_gcm;
  if (!aes || !kept().keep(context)) EVP_CIPHER_CTX_free(context);
}

bool set_key(evp_cipher_ctx_st& context, Suite suite, const std::uint8_t* key) {
  return EVP_CipherInit_ex2(&context, cipher_of(suite), key, nullptr, 1, nullptr) == 1;
}

CipherContext make_context(Suite suite, const std::uint8_t* key) {
  CipherContext context(suite == Suite::Aes128Gcm ? kept().take() : nullptr);
  if (!context) context.reset(EVP_CIPHER_CTX_new());
  if (!context || !set_key(*context, suite, key)) return nullptr;
  return context;
}

}  // namespace cpns::tls::psk13
