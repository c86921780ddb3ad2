#pragma once
// Decides over which link a device's data goes: direct to the CPNS Server, or by way of a PN GW. Pure: what happened
// and when comes in, what is to be done comes out; chance comes in as an argument. Whoever runs it opens and ends links
// as told and says what became of that.
//
// Make before break: a link in use is given up only when another one carries. A link that failed has to prove itself
// before it is chosen again, for longer each time [docs/activation.md]. Not thread-safe, one owner.

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "core/activation/comeback.hpp"
#include "core/activation/transitions.hpp"

namespace cpns::activation {

enum class Path : std::uint8_t { Gateway, Direct };
[[nodiscard]] constexpr Path other(Path path) noexcept { return path == Path::Gateway ? Path::Direct : Path::Gateway; }
[[nodiscard]] constexpr std::string_view name_of(Path path) noexcept {
  return path == Path::Gateway ? "gateway" : "direct";
}

enum class Mode : std::uint8_t {
  PreferDirect,   ///< direct where broadband works, the gateway otherwise
  PreferGateway,  ///< the gateway where it is there, direct otherwise
  FixedDirect,    ///< only direct
  FixedGateway,   ///< only by way of the gateway
};

struct Policy {
  Mode mode = Mode::PreferDirect;
  bool standby = true;               ///< keep the link that is not in use open, so that a loss costs little
  Millis hold{5'000};                ///< how long a link must have been up after a loss; doubles when it keeps failing
  unsigned switches_per_minute = 6;  ///< that nobody asked for
  Millis first_pause{1'000};         ///< between attempts to open a link; doubles
  Millis longest_pause{60'000};
  Millis longest_pause_degraded{15'000};  ///< while no link is up: streams wait 120 s for one, then they are lost
  Millis probe_limit{1'000};              ///< for the answer of a link that was asked
  Millis finish_limit{5'000};             ///< for the end in order of a link
  Millis comeback{0};                     ///< first tries of the direct link are spread over so long at least
};

struct Event {
  On on;
  Path path = Path::Gateway;                ///< ProbeOk
  bool refused = false;                     ///< GatewayDown, DirectDown: the other end does not accept this device
  bool turned_away = false;                 ///< DirectDown: closed before the other end had proved anything
  bool keyless = false;                     ///< Paired: a PNE without ID and key, which knows only the gateway
  bool gateway = true;                      ///< Assigned: there is a PN GW that it may go by
  std::optional<Mode> wish = std::nullopt;  ///< WishChanged: none goes back to the policy
};

struct Action {
  enum class Kind : std::uint8_t {
    Open,    ///< this link; GatewayUp/GatewayDown or DirectUp/DirectDown says what became of it
    Prefer,  ///< data goes over this link from now on
    Finish,  ///< this link in order; its Down says that it is closed
    Abort,   ///< this link at once, also one that is being opened; its Down is expected too
    Probe,   ///< ask this link for an answer at once: ProbeOk; silence is seen here
    Report,  ///< the state is another one: say so
  } kind;
  Path path = Path::Gateway;
  const Transition* transition = nullptr;  ///< Report
};

class Activation {
 public:
  explicit Activation(Policy policy) : policy_(policy), comeback_(policy.comeback) {}

  /// What the Server has said: within how long its devices are to come back once it is lost.
  void told_return_within(Millis within) noexcept { comeback_.told(within); }

  /// Takes one event. `random` moves pauses so that many devices do not come back at one moment; any value will do.
  /// A Settled event follows each Prefer that led to Switching: at once where the old link stays as a standby, else
  /// when that link is closed (its Down does as well).
  [[nodiscard]] std::vector<Action> on(const Event& event, Millis now, std::uint16_t random);
  /// When TimerDue wants to be given next.
  [[nodiscard]] std::optional<Millis> deadline() const;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] std::optional<Path> preferred() const noexcept { return preferred_; }
  [[nodiscard]] Mode mode() const noexcept { return wish_.value_or(policy_.mode); }
  [[nodiscard]] bool is_up(Path path) const noexcept { return link(path).status == Status::Up; }
  [[nodiscard]] std::uint64_t switches() const noexcept { return switches_; }

 private:
  enum class Status : std::uint8_t { Off, Opening, Up, Finishing };
  struct Link {
    Status status = Status::Off;
    Millis since{};                  ///< of the status
    Millis pause{0};                 ///< before the last attempt
    Millis retry_at{0};              ///< not before, while Off
    unsigned losses = 0;             ///< of an open link, one soon after the other
    bool failed = false;             ///< the last attempt did
    bool refused = false;            ///< by the other end: to ask again soon does not help
    bool proved = false;             ///< has answered since its hold was over
    std::optional<Millis> probed{};  ///< when it was asked
    Millis not_before{0};            ///< nothing but the user's wish makes it sooner
  };

  [[nodiscard]] Link& link(Path path) noexcept { return links_[static_cast<std::size_t>(path)]; }
  [[nodiscard]] const Link& link(Path path) const noexcept { return links_[static_cast<std::size_t>(path)]; }
  [[nodiscard]] bool allowed(Path path) const noexcept;
  [[nodiscard]] bool wanted(Path path) const noexcept;
  [[nodiscard]] Path first_choice() const noexcept;
  [[nodiscard]] bool fixed() const noexcept { return mode() == Mode::FixedDirect || mode() == Mode::FixedGateway; }
  [[nodiscard]] Millis hold_end(const Link& link) const noexcept;
  [[nodiscard]] std::optional<Millis> switch_allowed_at() const;
  [[nodiscard]] bool may_switch(On on, Millis now);

  void take_facts(const Event& event, Millis now, std::uint16_t random);
  void went_up(Path path, Millis now);
  void went_down(Path path, const Event& event, Millis now, std::uint16_t random);
  void network_changed(Millis now, std::uint16_t random);
  void hurry_where_nothing_is_up(Millis now, std::uint16_t random);
  void lost(Path path, Millis now, std::uint16_t random);
  void end_slow_links(Millis now, std::uint16_t random);
  void probe(Path path, Millis now);
  void choose(On on, Millis now);
  void consider_switch(On on, Millis now);
  void carry(On on, std::optional<Path> path);
  [[nodiscard]] bool go(On on, State to);
  void open_and_close(Millis now);
  void end(Path path, Action::Kind how, Millis now);

  Policy policy_;
  Comeback comeback_;
  std::optional<Mode> wish_;
  State state_{};
  bool paired_ = false;
  bool keyless_ = false;
  bool has_key_ = false;
  bool gateway_ = false;
  Link links_[2];
  std::optional<Path> preferred_;
  Millis settle_until_{};  ///< while Switching
  bool settled_ = false;
  std::deque<Millis> recent_;  ///< switches that nobody asked for, of the last minute
  std::uint64_t switches_ = 0;
  std::vector<Action> actions_;
};

}  // namespace cpns::activation
