#pragma once
// A subscription of an IMS user to the state of its own registration: event package `reg` (RFC 3680, RFC 6665; TS
// 24.229 sections 5.1.1.3 and 5.1.1.7), as a state machine: replies, NOTIFY and time go in, a request, a time to wake
// and what the network says of the registration come out. No sockets, no clock. Not thread-safe.
//
//   Idle --begin--> Asking --2xx--> Active --time--> Refreshing --2xx--> Active
//                     ^               |                  |
//                     +--- Pausing <--+-- ended early, or refused: a new dialogue after a pause that grows
//   end(): Idle; a NOTIFY of the old dialogue gets 481.

#include <chrono>
#include <optional>

#include "core/crypto/random.hpp"
#include "ims/reginfo.hpp"
#include "ims/sip_message.hpp"

namespace cpns::ims {

class RegSubscription {
 public:
  using Seconds = std::chrono::seconds;
  enum class State : std::uint8_t { Idle, Asking, Active, Refreshing, Pausing };
  struct Settings {
    std::string impu;
    std::string pcscf;    ///< next hop, a SIP URI
    std::string contact;  ///< where this end is reached, as registered
    Seconds expires{600'000};
    Seconds first_pause{2};  ///< doubles from there
    Seconds longest_pause{120};
    Seconds refused_pause{1800};  ///< where the network has no such package, or forbids it
  };
  struct Outcome {
    std::optional<SipRequest> send{};
    std::optional<Seconds> wake_after{};  ///< takes the place of an earlier one
    std::optional<Error> error{};
  };
  struct Notified {
    int status;  ///< of the answer
    SipHeaders headers{};
    RegVerdict verdict{};  ///< of the user's own contact; unless it stands, the subscription is over
    Outcome outcome{};
  };

  /// `random` must outlive it.
  RegSubscription(Settings settings, crypto::Random& random);

  /// Once registered; `route` is the Service-Route. Again while a subscription lives: nothing is done.
  [[nodiscard]] Outcome begin(std::string route);
  [[nodiscard]] Outcome on_reply(const SipReply& reply);
  /// A NOTIFY that came from the P-CSCF. One that belongs to no dialogue of ours, is older than one that was seen, or
  /// carries what cannot be read gets its status here and changes nothing.
  [[nodiscard]] Notified on_notify(const SipRequest& request);
  [[nodiscard]] Outcome on_time();
  /// The registration is over.
  void end() noexcept;
  /// The user leaves: what tells the network that the subscription is over too, where there is one. It would send
  /// NOTIFYs to a contact that is gone else.
  [[nodiscard]] std::optional<SipRequest> leave();

  [[nodiscard]] State state() const noexcept { return state_; }

 private:
  [[nodiscard]] SipRequest request(Seconds expires);
  [[nodiscard]] Outcome ask_anew();
  [[nodiscard]] Outcome pause(Seconds least);
  [[nodiscard]] bool is_of_dialogue(const SipRequest& request) const;
  void learn_dialogue(const SipHeaders& headers, std::string_view remote_tag);

  Settings settings_;
  crypto::Random* random_;
  State state_ = State::Idle;
  std::string service_route_;
  Seconds pause_{0};
  // The dialogue (RFC 3261 section 12); empty where there is none.
  std::string call_id_;
  std::string local_tag_;
  std::string remote_tag_;
  std::string remote_target_;
  std::string route_;
  std::uint32_t sequence_ = 0;
  std::optional<std::uint32_t> remote_sequence_;
  std::optional<std::uint32_t> version_;
};

}  // namespace cpns::ims
