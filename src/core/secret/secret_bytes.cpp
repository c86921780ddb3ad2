#include "core/secret/secret_bytes.hpp"

#include <openssl/crypto.h>

namespace cpns::secret {
namespace detail {
namespace {

// Keys and small messages. Peers decide how many large buffers there are at once, and must not be able to fill the
// secure heap, without which no handshake can make its keys.
constexpr std::size_t kMostInSecureHeap = 512;

}  // namespace

std::uint8_t* allocate(std::size_t size) {
  if (size == 0) return nullptr;
  auto* data = size <= kMostInSecureHeap ? static_cast<std::uint8_t*>(OPENSSL_secure_zalloc(size)) : nullptr;
  if (data == nullptr) data = static_cast<std::uint8_t*>(OPENSSL_zalloc(size));
  if (data == nullptr) throw std::bad_alloc();
  return data;
}

void release(std::uint8_t* data, std::size_t size) noexcept {
  if (data != nullptr) OPENSSL_secure_clear_free(data, size);
}

bool equal_in_constant_time(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) noexcept {
  return CRYPTO_memcmp(a, b, size) == 0;
}

}  // namespace detail

void wipe(std::span<std::uint8_t> bytes) noexcept {
  if (bytes.empty()) return;
  // The C library's, which knows the CPU's widest stores: OPENSSL_cleanse writes eight bytes at a time, and a record
  // has 16 KiB.
  std::memset(bytes.data(), 0, bytes.size());
  asm volatile("" : : "r"(bytes.data()) : "memory");  // somebody may look: the zeros have to be there
}
void wipe(std::string& text) noexcept {
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  text.clear();
}

}  // namespace cpns::secret
