#pragma once
// X25519 as the side that answers needs it: a fresh key pair, used once, for a peer's share that is there already. An
// interface, because who runs a session may make both products faster than libcrypto makes them one after the other
// (docs/adr/0030-x25519.md). Passed in, as Random is.

#include "core/crypto/crypto.hpp"

namespace cpns::crypto {

class KeyExchange {
 public:
  struct Exchanged {
    X25519Share mine;             ///< for the peer
    secret::X25519Secret secret;  ///< X
  };

  virtual ~KeyExchange() = default;
  /// A key pair made of the next 32 bytes of `random`, and X. Each way gives the same for the same bytes, and has wiped
  /// the private key when this returns. Fails with `x25519_result_is_zero`.
  [[nodiscard]] virtual Result<Exchanged> exchange(const X25519Share& theirs, Random& random) = 0;
};

/// By libcrypto, on every CPU. Has no state: any number of threads may use it at once.
class PortableKeyExchange final : public KeyExchange {
 public:
  [[nodiscard]] Result<Exchanged> exchange(const X25519Share& theirs, Random& random) override;
};

}  // namespace cpns::crypto
