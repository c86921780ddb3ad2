#pragma once
// The device's own PN GW module in a renewal: steps 0-10 inside the direct link, with nobody in between (protocol.md
// section 5).

#include "core/assign/session.hpp"

namespace cpns::assign {

/// One run, one use. Not thread-safe; `random` must outlive it. The link's owner has authenticated the Server by the
/// old key already.
class RenewalSession {
 public:
  struct Send {
    Bytes message;
  };
  /// Check it against the device's own trust anchors, where it has some; then on_proof_checked [R4].
  struct CheckProof {
    ServerProof proof;
  };
  /// In place of the old credential, at once and for good [R2]; then on_saved or on_save_failed. The Server has stored
  /// the new ID before step 10 left [S4], so that one of the two works at both ends whatever happens now [R3].
  struct SaveCredential {
    Credential credential;
  };
  using Action = std::variant<Send, CheckProof, SaveCredential, StepDone>;
  using Result = Outcome<Action>;

  /// `ends.renews` is set; `ends.pn_gw_id` is that of the old credential [R1]; correlation_id is a fresh one.
  RenewalSession(Ends ends, ids::DeviceName device_name, crypto::Random& random, Now now);

  /// Asks for the renewal; the first thing.
  [[nodiscard]] Result start(Now now);
  /// `raw` is the message exactly as it came. `renewal_refused` where the Server says that it was done already [R5].
  [[nodiscard]] Result on_message(Message message, ByteView raw, Now now);
  /// An error ends the run before anything is asked for [R4].
  [[nodiscard]] Result on_proof_checked(cpns::Result<void> checked, Now now);
  [[nodiscard]] Result on_saved(Durable stored);
  [[nodiscard]] Result on_save_failed(Error error);
  /// To be called at deadline() or later; does nothing before.
  [[nodiscard]] Result on_time(Now now);

  [[nodiscard]] std::chrono::milliseconds deadline() const noexcept { return deadline_; }
  [[nodiscard]] const ids::CorrelationId& correlation_id() const noexcept { return ends_.correlation_id; }

 private:
  struct Start {};
  struct AwaitProof {};
  struct CheckingProof {};
  struct Saving {};
  struct Over {};
  using State = std::variant<Start, AwaitProof, CheckingProof, gateway::AwaitKeySeedGrant, gateway::AwaitServerConfirm,
                             gateway::AwaitAssignmentComplete, Saving, Over>;

  Result on_key_seed_grant(gateway::AwaitKeySeedGrant&& state, const KeySeedGrant& grant, ByteView raw, Now now);
  Result on_server_confirm(gateway::AwaitServerConfirm&& state, const ServerConfirm& confirm, ByteView raw, Now now);
  Result on_assignment_complete(gateway::AwaitAssignmentComplete&& state, const AssignmentComplete& complete);
  Result refuse(Error error, Step step, bool tell_peer = true);
  void expect_within(Step step, Now now);

  Ends ends_;
  ids::DeviceName device_name_;
  crypto::Random& random_;
  State state_;
  RunCursor cursor_{Party::PnGw};
  std::chrono::milliseconds deadline_;
};

}  // namespace cpns::assign
