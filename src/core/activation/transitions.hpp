#pragma once
// PN GW activation as a table [docs/activation.md]: in which of seven states a device is, what may happen to it, and
// where that leads. Activation walks this table and makes no transition that is not in it; the document and its
// picture are compared with it by tests/checks/activation_document.py.

#include <array>
#include <cstdint>
#include <string_view>

namespace cpns::activation {

enum class State : std::uint8_t {
  Unpaired,     ///< no pairing with a PN GW
  Paired,       ///< paired; no ID and key (yet), and no link
  Assigned,     ///< ID and key are here; no link has been up yet
  PneMode,      ///< data goes by way of the PN GW
  Switching,    ///< the new link carries new data, the old one brings what was under way to its end
  PnePnGwMode,  ///< data goes straight to the CPNS Server
  Degraded,     ///< no link: streams wait
};
inline constexpr std::size_t kStates = 7;

/// What happened, by kind.
enum class On : std::uint8_t {
  Paired,          ///< pairing with a PN GW is there
  Assigned,        ///< ID and key are there
  CredentialGone,  ///< they are gone: erased, expired, revoked
  GatewayUp,       ///< the link by way of the PN GW may carry data
  GatewayDown,     ///< it is gone, or could not be opened
  DirectUp,
  DirectDown,
  NetworkChanged,  ///< addresses or routes of this machine are others
  WishChanged,     ///< the user wants another mode
  TimerDue,
  ProbeOk,  ///< a link that was asked has answered
  Settled,  ///< after Prefer: the old link carries nothing any more
};

struct Transition {
  State from;
  On on;
  State to;
  std::string_view when;  ///< in words; also what `status` shows as the cause
};

inline constexpr std::array kTransitions{
    Transition{State::Unpaired, On::Paired, State::Paired, "paired"},
    Transition{State::Unpaired, On::Assigned, State::Assigned, "ID and key are here"},
    Transition{State::Paired, On::Assigned, State::Assigned, "ID and key are here"},
    Transition{State::Paired, On::GatewayUp, State::PneMode, "the gateway link is up"},
    Transition{State::Paired, On::CredentialGone, State::Unpaired, "the pairing is gone"},
    Transition{State::Assigned, On::GatewayUp, State::PneMode, "the gateway link is up"},
    Transition{State::Assigned, On::DirectUp, State::PnePnGwMode, "the direct link is up"},
    Transition{State::Assigned, On::CredentialGone, State::Unpaired, "ID and key are gone"},
    Transition{State::PneMode, On::DirectUp, State::Switching, "the direct link is up and wanted"},
    Transition{State::PneMode, On::ProbeOk, State::Switching, "the direct link has proved good again"},
    Transition{State::PneMode, On::TimerDue, State::Switching, "the direct link may be used again"},
    Transition{State::PneMode, On::WishChanged, State::Switching, "the user wants the direct link"},
    Transition{State::PneMode, On::GatewayDown, State::PnePnGwMode, "the gateway link was lost, the direct one is up"},
    Transition{State::PneMode, On::GatewayDown, State::Degraded, "the gateway link was lost"},
    Transition{State::PneMode, On::CredentialGone, State::Unpaired, "ID and key are gone"},
    Transition{State::Switching, On::Settled, State::PneMode, "everything goes over the gateway link"},
    Transition{State::Switching, On::Settled, State::PnePnGwMode, "everything goes over the direct link"},
    Transition{State::Switching, On::TimerDue, State::PneMode, "the direct link did not end in time"},
    Transition{State::Switching, On::TimerDue, State::PnePnGwMode, "the gateway link did not end in time"},
    Transition{State::Switching, On::GatewayDown, State::PnePnGwMode, "the gateway link is gone"},
    Transition{State::Switching, On::GatewayDown, State::Degraded, "the gateway link was lost during the switch"},
    Transition{State::Switching, On::DirectDown, State::PneMode, "the direct link is gone"},
    Transition{State::Switching, On::DirectDown, State::Degraded, "the direct link was lost during the switch"},
    Transition{State::Switching, On::CredentialGone, State::Unpaired, "ID and key are gone"},
    Transition{State::PnePnGwMode, On::GatewayUp, State::Switching, "the gateway link is up and wanted"},
    Transition{State::PnePnGwMode, On::ProbeOk, State::Switching, "the gateway link has proved good again"},
    Transition{State::PnePnGwMode, On::TimerDue, State::Switching, "the gateway link may be used again"},
    Transition{State::PnePnGwMode, On::WishChanged, State::Switching, "the user wants the gateway link"},
    Transition{State::PnePnGwMode, On::DirectDown, State::PneMode, "the direct link was lost, the gateway one is up"},
    Transition{State::PnePnGwMode, On::DirectDown, State::Degraded, "the direct link was lost"},
    Transition{State::PnePnGwMode, On::CredentialGone, State::Unpaired, "ID and key are gone"},
    Transition{State::Degraded, On::GatewayUp, State::PneMode, "the gateway link is up"},
    Transition{State::Degraded, On::DirectUp, State::PnePnGwMode, "the direct link is up"},
    Transition{State::Degraded, On::CredentialGone, State::Unpaired, "ID and key are gone"},
};

/// The row that leads from here to there, or nullptr: such a transition is not made.
[[nodiscard]] constexpr const Transition* transition(State from, On on, State to) noexcept {
  for (const auto& row : kTransitions) {
    if (row.from == from && row.on == on && row.to == to) return &row;
  }
  return nullptr;
}

[[nodiscard]] constexpr std::string_view name_of(State state) noexcept {
  constexpr std::array<std::string_view, kStates> kNames{"Unpaired",  "Paired",         "Assigned", "PNE mode",
                                                         "Switching", "PNE+PN GW mode", "Degraded"};
  return kNames.at(static_cast<std::size_t>(state));
}
[[nodiscard]] constexpr std::string_view name_of(On on) noexcept {
  constexpr std::array<std::string_view, 12> kNames{"Paired",      "Assigned", "CredentialGone", "GatewayUp",
                                                    "GatewayDown", "DirectUp", "DirectDown",     "NetworkChanged",
                                                    "WishChanged", "TimerDue", "ProbeOk",        "Settled"};
  return kNames.at(static_cast<std::size_t>(on));
}

namespace detail {

// What can be reached from `start`, one bit for each state.
constexpr unsigned reachable(State start) {
  unsigned found = 1U << static_cast<unsigned>(start);
  for (std::size_t round = 0; round < kStates; ++round) {
    for (const auto& row : kTransitions) {
      if ((found >> static_cast<unsigned>(row.from) & 1U) != 0) found |= 1U << static_cast<unsigned>(row.to);
    }
  }
  return found;
}

constexpr bool all_rows_differ() {
  for (std::size_t i = 0; i < kTransitions.size(); ++i) {
    if (kTransitions[i].from == kTransitions[i].to) return false;
    for (std::size_t k = 0; k < i; ++k) {
      const auto &a = kTransitions[i], &b = kTransitions[k];
      if (a.from == b.from && a.on == b.on && a.to == b.to) return false;
    }
  }
  return true;
}

constexpr bool every_state_can_lose_its_credential() {
  for (std::size_t state = 1; state < kStates; ++state) {
    // Not by transition(): under -fsanitize=null g++ 12 takes no comparison of its pointer for a constant.
    bool found = false;
    for (const auto& row : kTransitions) {
      found |= row.from == static_cast<State>(state) && row.on == On::CredentialGone && row.to == State::Unpaired;
    }
    if (!found) return false;
  }
  return true;
}

constexpr bool degraded_comes_from_losses_alone() {
  for (const auto& row : kTransitions) {
    if (row.to == State::Degraded && row.on != On::GatewayDown && row.on != On::DirectDown) return false;
  }
  return true;
}

static_assert(State{} == State::Unpaired, "a device begins unpaired");
static_assert(reachable(State::Unpaired) == (1U << kStates) - 1, "every state can be reached");
static_assert(all_rows_differ());
static_assert(every_state_can_lose_its_credential());
static_assert(degraded_comes_from_losses_alone());

}  // namespace detail

}  // namespace cpns::activation
