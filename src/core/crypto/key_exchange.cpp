#include "core/crypto/key_exchange.hpp"

namespace cpns::crypto {

Result<KeyExchange::Exchanged> PortableKeyExchange::exchange(const X25519Share& theirs, Random& random) {
  const auto pair = x25519_generate(random);
  CPNS_TRY(auto secret, x25519(pair.private_key, theirs));
  return Exchanged{pair.share, std::move(secret)};
}

}  // namespace cpns::crypto
