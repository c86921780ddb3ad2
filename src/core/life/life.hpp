#pragma once
// The life of a CM Device ID and its key, as one table. The store asks it before every change of state; docs/life.md
// and its picture, `cpns explain` and the tests read it too. Nothing else decides what a key may become.

#include <array>
#include <cstdint>
#include <string_view>

namespace cpns::life {

/// Numbers are stored on disk: never renumber. Expired is what a stored state looks like after its time; a row that is
/// Erased is not there at all.
enum class State : std::uint8_t {
  Pending = 1,
  Active = 2,
  InUse = 3,
  Revoked = 4,
  Renewing = 5,
  Expired = 6,
  Erased = 7,
};

enum class On : std::uint8_t {
  Confirmed,        ///< step 9
  Ended,            ///< a pending assignment ends: refused, timed out, or its run is lost
  FirstUse,         ///< step 16
  SuccessorActive,  ///< step 9 of a renewal of this ID
  SuccessorUsed,    ///< step 16 of the ID that renews this one
  TimeOver,         ///< its end, or R6's
  Exempted,         ///< an operator exempts it from R6 after that time
  Revoked,          ///< by ID, by PN GW, or all that was issued before a time
  Erased,           ///< by an operator, or released by the device itself
};

struct Change {
  State from;
  On on;
  State to;
  std::string_view rules;
  std::string_view words;
};

inline constexpr std::array kLife{
    Change{State::Pending, On::Confirmed, State::Active, "S4", "the codes of both sides are right"},
    Change{State::Pending, On::Ended, State::Erased, "S3 S6", "refused, too late, or its run was lost"},
    Change{State::Active, On::FirstUse, State::InUse, "T7", "the device has opened its first direct link"},
    Change{State::Active, On::SuccessorActive, State::Renewing, "R1", "renewed before it was ever used for a service"},
    Change{State::Active, On::TimeOver, State::Expired, "R6", "never renewed, or too old"},
    Change{State::Active, On::Revoked, State::Revoked, "V1", "an operator revoked it"},
    Change{State::Active, On::Erased, State::Erased, "V1", "an operator erased it, or its device gave it up"},
    Change{State::InUse, On::SuccessorActive, State::Renewing, "R1", "a new ID is active beside it"},
    Change{State::InUse, On::TimeOver, State::Expired, "R6", "never renewed, or too old"},
    Change{State::InUse, On::Revoked, State::Revoked, "V1", "an operator revoked it"},
    Change{State::InUse, On::Erased, State::Erased, "V1", "an operator erased it, or its device gave it up"},
    Change{State::Renewing, On::SuccessorUsed, State::Erased, "R2",
           "the new ID has been used: this one is gone for good"},
    Change{State::Renewing, On::TimeOver, State::Expired, "R6", "the new ID was not used in time"},
    Change{State::Renewing, On::Revoked, State::Revoked, "V1", "an operator revoked it, and its successor with it"},
    Change{State::Renewing, On::Erased, State::Erased, "V1", "an operator erased it, and its successor with it"},
    Change{State::Expired, On::Exempted, State::InUse, "R6", "an operator exempts a device that can not renew"},
    Change{State::Expired, On::Revoked, State::Revoked, "V1", "an operator revoked it"},
    Change{State::Expired, On::Erased, State::Erased, "V1", "an operator erased it"},
    Change{State::Revoked, On::Erased, State::Erased, "V1", "an operator erased it"},
};

/// The change of `from` by `on`, or nullptr where it is not legal.
[[nodiscard]] constexpr const Change* find(State from, On on) noexcept {
  for (const auto& row : kLife) {
    if (row.from == from && row.on == on) return &row;
  }
  return nullptr;
}

/// True where a device in this state may open a direct link: its time is looked at too.
[[nodiscard]] constexpr bool may_connect(State state) noexcept {
  return state == State::Active || state == State::InUse || state == State::Renewing;
}

[[nodiscard]] constexpr std::string_view name_of(State state) noexcept {
  constexpr std::array<std::string_view, 8> kNames{"",        "pending",  "active",  "in use",
                                                   "revoked", "renewing", "expired", "erased"};
  return kNames.at(static_cast<std::size_t>(state));
}

namespace detail {
constexpr bool one_way_for_each_event() {
  for (std::size_t i = 0; i < kLife.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (kLife.at(i).from == kLife.at(k).from && kLife.at(i).on == kLife.at(k).on) return false;
    }
  }
  return true;
}
// Out of Revoked leads nothing but Erased, and out of Erased nothing at all [V1, R2].
constexpr bool nothing_comes_back() {
  for (const auto& row : kLife) {
    if (row.from == State::Erased) return false;
    if (row.from == State::Revoked && row.to != State::Erased) return false;
  }
  return true;
}
static_assert(one_way_for_each_event(), "an event has one meaning in a state");
static_assert(nothing_comes_back(), "what is revoked or erased never lives again");
}  // namespace detail

}  // namespace cpns::life
