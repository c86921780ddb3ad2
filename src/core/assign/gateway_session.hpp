#pragma once
// The External PN GW's side of one assignment, steps 0-11, between a device on its PAN link and the Server on its
// operator link.

#include "core/assign/session.hpp"

namespace cpns::assign {

/// One run, one use. Not thread-safe; `random` must outlive it.
class GatewaySession {
 public:
  struct SendToServer {
    Bytes message;
  };
  struct SendToDevice {
    secret::SecretBuffer message;
  };
  /// The sealed copy [G2]; then on_saved or on_save_failed.
  struct SaveCredential {
    Credential credential;
  };
  /// The device has it: the sealed copy goes [G2].
  struct EraseCredential {};
  using Action = std::variant<SendToServer, SendToDevice, SaveCredential, EraseCredential, StepDone>;
  using Result = Outcome<Action>;

  /// `ends` are this PN GW's own identity and the Server that its operator link authenticated [K3]; correlation_id is
  /// the device's.
  GatewaySession(Ends ends, crypto::Random& random, Now now);

  /// The device's ActivationRequest: makes step 0.
  [[nodiscard]] Result on_device_message(Message message, Now now);
  /// The same where a credential of this device waits since an earlier run: goes on at step 11. Only before any other
  /// event. `stored`: proof that it is in the store, from the store that it was read from.
  [[nodiscard]] Result deliver_again(Message message, Credential credential, Durable stored, Now now);
  [[nodiscard]] Result on_server_message(Message message, ByteView raw, Now now);
  [[nodiscard]] Result on_saved(Durable stored, Now now);
  [[nodiscard]] Result on_save_failed(Error error);
  /// Before step 8 the run dies; a run that awaits step 10 lives on until its deadline.
  [[nodiscard]] Result on_operator_link_lost(Now now);
  /// A run that awaits step 10 sends the same step 8 again [S5].
  [[nodiscard]] Result on_operator_link_restored(Now now);
  /// Before step 10 the run dies (the Server's pending row with it, by an Alert); later the sealed copy waits.
  [[nodiscard]] Result on_pan_link_lost();
  [[nodiscard]] Result on_time(Now now);

  [[nodiscard]] std::chrono::milliseconds deadline() const noexcept { return deadline_; }
  [[nodiscard]] const ids::CorrelationId& correlation_id() const noexcept { return ends_.correlation_id; }

 private:
  struct Start {};
  struct Over {};
  using State =
      std::variant<Start, gateway::AwaitKeySeedGrant, gateway::AwaitServerConfirm, gateway::AwaitAssignmentComplete,
                   gateway::AssignmentCompleted, gateway::AwaitCredentialReceipt, Over>;

  Result on_key_seed_grant(const KeySeedGrant& grant, ByteView raw, Now now);
  Result on_server_confirm(const ServerConfirm& confirm, ByteView raw, Now now);
  Result on_assignment_complete(const AssignmentComplete& complete);
  enum class Tell : std::uint8_t { Nobody, Server, Device, Both };
  Result refuse(Error error, Step step, Tell whom);
  void expect_within(Step step, Now now);

  Ends ends_;
  crypto::Random& random_;
  State state_;
  RunCursor cursor_{Party::PnGw};
  std::chrono::milliseconds deadline_;
};

}  // namespace cpns::assign
