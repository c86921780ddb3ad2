#pragma once
// X25519 of the handshakes of one loop, together where several are there at about the same time. What is asked for
// while the loop has other work is made when that is done, and at the latest after eight or 100 microseconds: a lone
// handshake waits for nobody. In a crowd one waits for others for up to a millisecond. On the loop's thread.

#include <memory>

#include "core/crypto/random.hpp"
#include "runtime/asio.hpp"
#include "tls/x25519/batcher.hpp"

namespace cpns::runtime {

class ExchangeQueue {
 public:
  /// `random` makes private keys and must outlive it.
  ExchangeQueue(asio::any_io_executor loop, crypto::Random& random, tls::x25519::Way way = tls::x25519::best_way());

  /// A fresh key pair for a client's share (tls::Engine::exchange_request).
  [[nodiscard]] Task<tls::x25519::Exchanged> exchange(tls::x25519::Share theirs);

  [[nodiscard]] std::uint64_t exchanges() const noexcept;  ///< made so far
  [[nodiscard]] std::uint64_t batches() const noexcept;    ///< in how many goes

 private:
  struct State;
  static Task<tls::x25519::Exchanged> ask(std::shared_ptr<State> state, tls::x25519::Share theirs);
  std::shared_ptr<State> state_;
};

}  // namespace cpns::runtime
