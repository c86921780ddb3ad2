#pragma once
// A smart card in a reader: ISO/IEC 7816-4 commands in, replies out.

#include "core/base/result.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::ims {

/// Blocking. Not thread-safe.
class Card {
 public:
  Card() = default;
  virtual ~Card() = default;
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  /// From here to end() no other program sends to the card. What was selected before may be another's selection.
  /// Fails with `pcsc_unavailable` where there is no card, or no reader.
  [[nodiscard]] virtual Result<void> begin() = 0;
  virtual void end() noexcept = 0;
  /// One command and its reply, which ends with two status bytes and may hold key material. Fails as begin() does.
  [[nodiscard]] virtual Result<secret::SecretBuffer> transmit(ByteView command) = 0;
};

}  // namespace cpns::ims
