#include "runtime/system_random.hpp"

#include <openssl/rand.h>

#include <cstdlib>

namespace cpns::runtime {

void SystemRandom::fill(std::span<std::uint8_t> out) {
  if (RAND_priv_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
}

}  // namespace cpns::runtime
