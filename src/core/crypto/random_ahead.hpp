#pragma once
// Random bytes drawn ahead, because one draw of many costs hardly more than one of few.

#include "core/crypto/random.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::crypto {

/// Hands out what `source` made, each byte once, and wipes it as it is handed out. What lies ready is as much of a
/// secret as the state of a generator: whoever reads it knows what the next keys are made of. It lies where keys do
/// [K2]. Not thread-safe.
class RandomAhead final : public Random {
 public:
  /// `source` must outlive it.
  explicit RandomAhead(Random& source) : source_(source) {}
  RandomAhead(const RandomAhead&) = delete;
  RandomAhead& operator=(const RandomAhead&) = delete;
  ~RandomAhead() override = default;

  void fill(std::span<std::uint8_t> out) override;
  /// What lies ready is never handed out: in a process that was forked the other one has the same.
  void forget() noexcept;

  static constexpr std::size_t kAhead = 512;  ///< bytes that lie ready at most

 private:
  Random& source_;
  secret::SecretBuffer ready_{kAhead};  ///< wiped when it is freed
  std::size_t left_ = 0;                ///< at the end of `ready_`
};

}  // namespace cpns::crypto
