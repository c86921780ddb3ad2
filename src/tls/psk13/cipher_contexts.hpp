#pragma once
// libcrypto's cipher contexts for record keys, taken and given back: to make one costs more than to encrypt a small
// record with it. What is given back is keyed with zeros first, so that no key of a connection outlives it. Functions
// are thread-safe: each thread keeps its own.

#include <cstdint>
#include <memory>

struct evp_cipher_ctx_st;

namespace cpns::tls::psk13 {

enum class Suite : std::uint16_t { Aes128Gcm = 0x1301, ChaCha20Poly1305 = 0x1303 };  ///< both with SHA-256

/// Where a context goes that is not needed any more: it is kept, some of them for each thread, or freed.
struct GiveContextBack {
  void operator()(evp_cipher_ctx_st* context) const noexcept;
};
using CipherContext = std::unique_ptr<evp_cipher_ctx_st, GiveContextBack>;

/// One for this suite, with `key` of 16 or 32 bytes, as the suite has it. Nothing where libcrypto fails.
[[nodiscard]] CipherContext make_context(Suite suite, const std::uint8_t* key);
/// Another key for a context of whatever suite. False where libcrypto fails.
[[nodiscard]] bool set_key(evp_cipher_ctx_st& context, Suite suite, const std::uint8_t* key);

}  // namespace cpns::tls::psk13
