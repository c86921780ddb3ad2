#pragma once
// The key exchange of one run, made by its loop together with those of other runs while the store is at work.

#include <optional>

#include "tls/x25519/best_exchange.hpp"

namespace cpns::server {

/// Hands out what was put in, once, and asks `otherwise` for anything else. What is never asked for is wiped with it.
class ReadyExchange final : public crypto::KeyExchange {
 public:
  /// `otherwise` must outlive it.
  explicit ReadyExchange(crypto::KeyExchange& otherwise) : otherwise_(otherwise) {}

  void put(const crypto::X25519Share& theirs, tls::x25519::Exchanged made) {
    ready_.emplace(Ready{theirs, std::move(made)});
  }
  [[nodiscard]] Result<Exchanged> exchange(const crypto::X25519Share& theirs, crypto::Random& random) override {
    auto ready = std::exchange(ready_, std::nullopt);
    if (!ready || ready->theirs != theirs) return otherwise_.exchange(theirs, random);
    return tls::x25519::or_refusal(std::move(ready->made));
  }

 private:
  struct Ready {
    crypto::X25519Share theirs;
    tls::x25519::Exchanged made;
  };
  crypto::KeyExchange& otherwise_;
  std::optional<Ready> ready_;
};

}  // namespace cpns::server
