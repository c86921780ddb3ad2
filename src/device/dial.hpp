#pragma once
// Opens the two links of a CM Device: tries each endpoint in turn, as a PSK client [T3].

#include <memory>
#include <vector>

#include "core/assign/records.hpp"
#include "runtime/link.hpp"

namespace cpns::device {

struct DialLimits {
  std::chrono::milliseconds connect{5000};
  std::chrono::milliseconds handshake{10000};
};

/// How an attempt to open a link can end other than well.
enum class DialFailure : std::uint8_t {
  Unreachable,  ///< nobody answered: later may be better
  TurnedAway,   ///< somebody took the connection and ended it before the handshake was complete
  Refused,      ///< the other end does not accept identity and key
};
struct Dialled {
  std::shared_ptr<runtime::SecureLink> link;  ///< nullptr where it failed
  DialFailure failure{};
  std::optional<Error> error{};
};

/// `offer` is used for every endpoint until one refuses it or accepts it.
[[nodiscard]] runtime::Task<Dialled> dial(std::vector<ids::Endpoint> endpoints, tls::PskOffer offer,
                                          DialLimits limits = {});

}  // namespace cpns::device
