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

namespace {

#if defined(__x86_64__)

[[gnu::noinline]] void clear_sse() noexcept {
  asm volatile(
      "pxor %%xmm0, %%xmm0\n\tpxor %%xmm1, %%xmm1\n\tpxor %%xmm2, %%xmm2\n\tpxor %%xmm3, %%xmm3\n\t"
      "pxor %%xmm4, %%xmm4\n\tpxor %%xmm5, %%xmm5\n\tpxor %%xmm6, %%xmm6\n\tpxor %%xmm7, %%xmm7\n\t"
      "pxor %%xmm8, %%xmm8\n\tpxor %%xmm9, %%xmm9\n\tpxor %%xmm10, %%xmm10\n\tpxor %%xmm11, %%xmm11\n\t"
      "pxor %%xmm12, %%xmm12\n\tpxor %%xmm13, %%xmm13\n\tpxor %%xmm14, %%xmm14\n\tpxor %%xmm15, %%xmm15" ::
          : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
            "xmm13", "xmm14", "xmm15");
}

[[gnu::noinline, gnu::target("avx")]] void clear_avx() noexcept {
  asm volatile("vzeroall" ::
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                     "xmm12", "xmm13", "xmm14", "xmm15");
}

[[gnu::noinline, gnu::target("avx512vl")]] void clear_avx512() noexcept {
  asm volatile(
      "vzeroall\n\t"  // zmm0 to zmm15; of the others each whole register
      "vpxord %%xmm16, %%xmm16, %%xmm16\n\tvpxord %%xmm17, %%xmm17, %%xmm17\n\t"
      "vpxord %%xmm18, %%xmm18, %%xmm18\n\tvpxord %%xmm19, %%xmm19, %%xmm19\n\t"
      "vpxord %%xmm20, %%xmm20, %%xmm20\n\tvpxord %%xmm21, %%xmm21, %%xmm21\n\t"
      "vpxord %%xmm22, %%xmm22, %%xmm22\n\tvpxord %%xmm23, %%xmm23, %%xmm23\n\t"
      "vpxord %%xmm24, %%xmm24, %%xmm24\n\tvpxord %%xmm25, %%xmm25, %%xmm25\n\t"
      "vpxord %%xmm26, %%xmm26, %%xmm26\n\tvpxord %%xmm27, %%xmm27, %%xmm27\n\t"
      "vpxord %%xmm28, %%xmm28, %%xmm28\n\tvpxord %%xmm29, %%xmm29, %%xmm29\n\t"
      "vpxord %%xmm30, %%xmm30, %%xmm30\n\tvpxord %%xmm31, %%xmm31, %%xmm31" ::
          : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
            "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24",
            "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

// What a copy of a secret went through stays in vector registers that hardly anything else uses, until the dynamic
// linker (at a library's first call of a function) or the kernel (for a signal) puts all of them on the stack.
void clear_vector_registers() noexcept {
  if (__builtin_cpu_supports("avx512vl")) return clear_avx512();
  if (__builtin_cpu_supports("avx")) return clear_avx();
  clear_sse();
}

#else

void clear_vector_registers() noexcept {}

#endif

}  // namespace

void wipe(std::span<std::uint8_t> bytes) noexcept {
  if (bytes.empty()) return;
  // The C library's, which knows the CPU's widest stores: OPENSSL_cleanse writes eight bytes at a time, and a record
  // has 16 KiB.
  std::memset(bytes.data(), 0, bytes.size());
  asm volatile("" : : "r"(bytes.data()) : "memory");  // somebody may look: the zeros have to be there
  clear_vector_registers();
}
void wipe(std::string& text) noexcept {
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  text.clear();
}

}  // namespace cpns::secret
