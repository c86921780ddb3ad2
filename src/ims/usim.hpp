#pragma once
// What a registration asks of a USIM (3GPP TS 33.102 section 6.3.3, TS 31.102 AUTHENTICATE): a card in a reader, or
// the software USIM.

#include <variant>

#include "core/base/result.hpp"
#include "ims/milenage.hpp"

namespace cpns::ims {

using AkaAutn = std::array<std::uint8_t, 16>;  ///< (SQN xor AK) 6 | AMF 2 | MAC-A 8
using AkaAuts = std::array<std::uint8_t, 14>;  ///< (SQN_MS xor AK*) 6 | MAC-S 8

/// The network has proven itself, and its number is new.
struct AkaAnswer {
  secret::AkaResponse res;
  secret::CipherKey ck;
  secret::IntegrityKey ik;
};
/// The network has proven itself, but its number is not new: it is to take the USIM's.
struct AkaResync {
  AkaAuts auts;
};

/// Blocking: a file is synced, or a card asked. Not thread-safe.
class Usim {
 public:
  Usim() = default;
  virtual ~Usim() = default;
  Usim(const Usim&) = delete;
  Usim& operator=(const Usim&) = delete;

  /// One challenge. A number that was answered is durable before the answer is returned: no crash lets it be answered
  /// twice. Fails with `usim_network_not_proven` where AUTN is not by the holder of K, or `usim_unusable`.
  [[nodiscard]] virtual Result<std::variant<AkaAnswer, AkaResync>> authenticate(const AkaRand& rand,
                                                                                const AkaAutn& autn) = 0;
};

}  // namespace cpns::ims
