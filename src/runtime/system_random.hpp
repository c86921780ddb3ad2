#pragma once

#include "core/crypto/random.hpp"

namespace cpns::runtime {

/// The system's CSPRNG by way of libcrypto's generator for secrets (RAND_priv_bytes), from which each thread
/// draws some hundred bytes ahead (tls/thread_random.hpp). Thread-safe. Where it fails there
/// is no safe way on, and the program ends.
class SystemRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace cpns::runtime
