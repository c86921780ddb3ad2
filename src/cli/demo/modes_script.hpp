#pragma once
// What `cpns demo --modes` does to the links of a device while it downloads, in order: a table that the demo runs, its
// test compares with what was shown, and the README is written from.

#include <array>
#include <chrono>
#include <string_view>

#include "core/activation/transitions.hpp"

namespace cpns::cli {

enum class Deed : std::uint8_t {
  BroadbandComes,
  GatewayWished,
  PolicyWished,
  BroadbandCut,
  BroadbandSilent,
  BothGone,
  GatewayBack,
};

struct Act {
  Deed deed;
  std::chrono::milliseconds after;  ///< the act before has had its effect, and bytes have come again
  std::string_view what;
  activation::State leads_to;
  /// The new link was up before the old one was given up: the download should hardly notice.
  bool planned;
};

inline constexpr std::array kActs{
    Act{Deed::BroadbandComes, std::chrono::milliseconds(1'000), "broadband is there", activation::State::PnePnGwMode,
        true},
    Act{Deed::GatewayWished, std::chrono::milliseconds(1'200), "the user wants the gateway", activation::State::PneMode,
        true},
    Act{Deed::PolicyWished, std::chrono::milliseconds(1'200), "the user leaves it to the policy again",
        activation::State::PnePnGwMode, true},
    Act{Deed::BroadbandCut, std::chrono::milliseconds(1'200), "broadband is cut", activation::State::PneMode, false},
    Act{Deed::BroadbandComes, std::chrono::milliseconds(800), "broadband is back", activation::State::PnePnGwMode,
        true},
    Act{Deed::BroadbandSilent, std::chrono::milliseconds(1'200), "broadband falls silent, without a sign",
        activation::State::PneMode, false},
    Act{Deed::BothGone, std::chrono::milliseconds(1'200), "the gateway is killed too", activation::State::Degraded,
        false},
    Act{Deed::GatewayBack, std::chrono::milliseconds(1'000), "the gateway is started again", activation::State::PneMode,
        false},
    Act{Deed::BroadbandComes, std::chrono::milliseconds(800), "broadband is back", activation::State::PnePnGwMode,
        true},
};

}  // namespace cpns::cli
