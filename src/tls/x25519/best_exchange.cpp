#include "tls/x25519/best_exchange.hpp"

namespace cpns::tls::x25519 {

Result<crypto::KeyExchange::Exchanged> or_refusal(Exchanged made) {
  if (!made.secret) return crypto::share_of_small_order();
  return crypto::KeyExchange::Exchanged{made.mine, std::move(*made.secret)};
}

Result<crypto::KeyExchange::Exchanged> BestExchange::exchange(const crypto::X25519Share& theirs,
                                                              crypto::Random& random) {
  x25519::Exchanged made;
  x25519::exchange({&theirs, 1}, {&made, 1}, random, way_);
  return or_refusal(std::move(made));
}

}  // namespace cpns::tls::x25519
