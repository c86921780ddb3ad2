#include "runtime/system_random.hpp"

#include <openssl/rand.h>

#include "tls/thread_random.hpp"

namespace cpns::runtime {

void SystemRandom::fill(std::span<std::uint8_t> out) { tls::ThreadRandom<RAND_priv_bytes>().fill(out); }

}  // namespace cpns::runtime
