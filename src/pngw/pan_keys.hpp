#pragma once
// Keys of PAN links: looking them up for a handshake, and the single use of pairing codes. An identity that is unknown,
// used up or expired gets a random key, so that it fails as a wrong key does (the same as [T2] on the direct link).
// On the thread of the executor.

#include <map>
#include <memory>

#include "core/crypto/random.hpp"
#include "pngw/commit.hpp"
#include "pngw/pan_identity.hpp"
#include "runtime/log.hpp"

namespace cpns::pngw {

class PanKeys {
 public:
  /// All must outlive it and its coroutines.
  PanKeys(runtime::asio::any_io_executor executor, store::PairingStore& pairings, crypto::Random& random,
          runtime::Log& log)
      : executor_(std::move(executor)), pairings_(pairings), random_(random), log_(log) {}

  /// The key of an offered identity. Waits while that pairing is just being claimed: before the claim the code's key
  /// counts, after it the peer's, and nothing in between.
  [[nodiscard]] runtime::Task<std::optional<secret::TlsPsk>> find(std::string identity);

  /// Uses the code up, durably, before anything is done for the one who brought it. Fails with `pairing_code_used`
  /// or a Store error.
  [[nodiscard]] runtime::Task<Result<void>> claim(store::PanPeer peer);

 private:
  [[nodiscard]] Result<std::optional<secret::TlsPsk>> look_up(const PanIdentity& identity);

  runtime::asio::any_io_executor executor_;
  store::PairingStore& pairings_;
  crypto::Random& random_;
  runtime::Log& log_;
  std::map<store::PairingId, std::shared_ptr<runtime::asio::steady_timer>> claiming_;  // cancelled when it has ended
};

}  // namespace cpns::pngw
