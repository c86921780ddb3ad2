#pragma once
// The registration of an IMS user (TS 24.229 section 5.1.1) with AKAv1-MD5, as a state machine: replies, time and the
// network's word go in, a request, a time to wake and what is to be logged come out. No sockets, no clock: `now` is of
// any clock that never goes back. Not thread-safe. The USIM is asked inside on_reply(), which so takes as long as a
// file's sync or a card's answer.
//
//   Idle --begin--> Asking --401--> Answering --200--> Registered --half of the time--> Renewing --401--> Answering
//                      ^               |                                                   |
//                      |  out of step: Resyncing --401--> Answering                        |
//                      +-- Pausing <-- no answer, 5xx, 504 ---------------------------------+
//   Refused: wrong AUTN, 403, 404, or RES not taken. Asked again after a long pause.
//   A renewal that gets no answer leaves the registration standing until its time is over; a refused one ends it.

#include <chrono>
#include <optional>

#include "core/crypto/random.hpp"
#include "ims/sip_message.hpp"
#include "ims/usim.hpp"

namespace cpns::ims {

enum class RegistrationState : std::uint8_t {
  Idle,
  Asking,
  Answering,
  Resyncing,
  Registered,
  Renewing,
  Pausing,
  Refused,
  Leaving,
  Gone
};
[[nodiscard]] std::string_view to_text(RegistrationState state) noexcept;

class Registration {
 public:
  using Seconds = std::chrono::seconds;
  using Moment = std::chrono::seconds;  ///< since the start of the caller's clock
  struct Settings {
    std::string impi;     ///< private identity, such as gw1@ims.example
    std::string impu;     ///< public identity, such as sip:gw1@ims.example
    std::string realm;    ///< home network
    std::string pcscf;    ///< next hop, a SIP URI
    std::string contact;  ///< where this end is reached
    Seconds expires{600'000};
    Seconds first_pause{1};  ///< doubles from there
    Seconds longest_pause{120};
    Seconds refused_pause{1800};
  };
  struct Outcome {
    std::optional<SipRequest> send{};
    std::optional<Seconds> wake_after{};  ///< takes the place of an earlier one
    std::optional<Error> error{};
    std::optional<Code> event{};
  };

  /// Fails with `ims_user_unreadable` where a text could not stand in a SIP header.
  [[nodiscard]] static Result<Registration> make(Settings settings, Usim& usim, crypto::Random& random);

  [[nodiscard]] Outcome begin(Moment now);
  [[nodiscard]] Outcome on_reply(const SipReply& reply, Moment now);
  [[nodiscard]] Outcome on_time(Moment now);
  /// The network ended it (reg event package, RFC 3680); `again` where it lets this user register anew, `after` a time
  /// that it names. The first time at once; where that goes on, after pauses that grow until a registration has stood.
  [[nodiscard]] Outcome on_network_ended(bool again, Seconds after, Moment now);
  /// A request of this user was refused because the network no longer knows it: registers anew, with the same pauses.
  [[nodiscard]] Outcome on_forgotten(Moment now);
  /// The connection to the P-CSCF has ended, over which alone it reaches this user: renews, so that the network learns
  /// of the next one (RFC 5626 section 4.4). The registration stands meanwhile; the same pauses.
  [[nodiscard]] Outcome on_connection_lost(Moment now);
  /// Deregisters.
  [[nodiscard]] Outcome leave(Moment now);

  [[nodiscard]] RegistrationState state() const noexcept { return state_; }
  /// True from a 200 until the network or time ends it; a renewal under way, or one that failed for want of an answer,
  /// does not interrupt it.
  [[nodiscard]] bool registered() const noexcept { return registered_; }
  /// Service-Route of the 200: the Route of what this user sends. Empty: none.
  [[nodiscard]] const std::string& service_route() const noexcept { return service_route_; }

 private:
  Registration(Settings settings, Usim& usim, crypto::Random& random);
  [[nodiscard]] SipRequest request(std::string authorization);
  [[nodiscard]] Outcome ask(RegistrationState next, Moment now);
  [[nodiscard]] Outcome on_challenge(const SipReply& reply, Moment now);
  [[nodiscard]] Outcome on_registered(const SipReply& reply, Moment now);
  [[nodiscard]] Outcome gone(std::optional<Error> error);
  [[nodiscard]] Outcome refuse(Error error, Moment now);
  [[nodiscard]] Outcome pause(Error error, Moment now, Seconds least = Seconds(0));
  [[nodiscard]] Outcome lose(Seconds after, Moment now);
  [[nodiscard]] Outcome wait(Seconds pause, Moment now);
  void forgive(Moment now) noexcept;

  Settings settings_;
  Usim* usim_;
  crypto::Random* random_;
  RegistrationState state_ = RegistrationState::Idle;
  bool registered_ = false;
  bool resynchronised_ = false;
  std::string call_id_;
  std::uint32_t sequence_ = 0;
  std::string service_route_;
  Seconds pause_{0};               ///< the one before; 0 where all went well
  Moment until_{0};                ///< when the registration is over, while registered_
  Moment next_try_{0};             ///< in Pausing and Refused
  std::optional<Moment> settled_;  ///< from when on this registration counts as one that stood
};

}  // namespace cpns::ims
