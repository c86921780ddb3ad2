#pragma once
// When a CM Device whose direct link is gone tries again, so that a crowd does not come back at one moment
// [docs/activation.md]. Pure: chance comes in as an argument. One owner.
//
// The Server says on open links within how long all devices are to come back once it is lost. What is closed before
// anything was proved says nothing that could be believed: there the device spreads its tries by itself, wider each
// time, and whoever forges such a close delays it by no more than that.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace cpns::activation {

using Millis = std::chrono::milliseconds;  ///< of a clock that never jumps

class Comeback {
 public:
  static constexpr Millis kFirstSpread{8'000};     ///< after the first connection that the Server closed
  static constexpr Millis kLongestSpread{64'000};  ///< it doubles up to this
  static constexpr Millis kMostWithin{300'000};    ///< more is not taken from a Server
  static constexpr Millis kUsualWindow{500};       ///< of a device that was told nothing
  static constexpr Millis kOwnLoss{10'000};        ///< after a change of its network

  /// `window`: the least that a first try is spread over.
  explicit Comeback(Millis window) : window_(window) {}

  /// What the Server has said on a link that proved its key.
  void told(Millis within) noexcept { within_ = std::clamp(within, Millis{0}, kMostWithin); }
  [[nodiscard]] Millis within() const noexcept { return within_; }
  /// A link stands: what was before does not count any more.
  void arrived() noexcept { turned_away_ = 0; }
  void network_changed(Millis now) noexcept { network_changed_ = now; }

  /// How long to wait before the first try of a device that has just started, or whose own network has changed.
  [[nodiscard]] Millis at_start(std::uint16_t random) const noexcept { return part_of(window_, random); }
  /// Before the first try after the loss of an open link. What is lost soon after a change of the device's own network
  /// is lost by that: nobody else comes back with it.
  [[nodiscard]] Millis after_loss(Millis now, std::uint16_t random) const noexcept {
    const bool alone = network_changed_ && now - *network_changed_ < kOwnLoss;
    return part_of(alone ? window_ : std::max(window_, within_), random);
  }
  /// Before the next try, where the last one was closed before the Server had proved anything.
  [[nodiscard]] Millis after_turned_away(std::uint16_t random) noexcept {
    constexpr unsigned kMostDoublings = 3;
    const auto times = 1U << std::min(turned_away_++, kMostDoublings);
    // What the Server has told was not enough; therefore twice that, and so on.
    const auto wider = std::min(within_ * 2 * times, kMostWithin);
    return part_of(std::max(std::min(kFirstSpread * times, kLongestSpread), wider), random);
  }
  [[nodiscard]] unsigned turned_away() const noexcept { return turned_away_; }

 private:
  /// Any moment of the window with the same chance.
  static Millis part_of(Millis window, std::uint16_t random) noexcept {
    return window * static_cast<Millis::rep>(random) / 0xffff;
  }

  Millis window_;
  Millis within_{0};
  std::optional<Millis> network_changed_;
  unsigned turned_away_ = 0;
};

}  // namespace cpns::activation
