#pragma once
// The CPNS Server's side of one assignment or renewal, steps 0-10.

#include "core/assign/identity_alias.hpp"
#include "core/assign/session.hpp"
#include "core/crypto/key_exchange.hpp"

namespace cpns::assign {

/// One run, one use. Not thread-safe; owned by the operator link it came on. `policy`, `alias_keys`,
/// `key_exchange` and `random` must outlive it. While a save is under way (between a Save action and
/// on_saved/on_save_failed) the only message that is taken is a repetition of the last one, which is ignored.
class ServerSession {
 public:
  /// To the PN GW.
  struct Send {
    Bytes message;
  };
  /// Step 1 [S1]; then on_saved or on_save_failed.
  struct SavePending {
    PendingAssignment pending;
    Share gateway_share;  ///< what step 2's exchange is going to be with, once this is durable
  };
  /// Step 9 [S4]; then on_saved or on_save_failed.
  struct SaveActivation {
    Activation activation;
  };
  /// The assignment is dead [S3, S6].
  struct ErasePending {
    ids::AssignmentId assignment_id;
  };
  /// A renewal was asked for: ServerProof over this link's exporter is to be sent [R4].
  struct Prove {};
  using Action = std::variant<Send, SavePending, SaveActivation, ErasePending, StepDone, Prove>;
  using Result = Outcome<Action>;

  /// `ends` come from the link's authentication [K3]; correlation_id from the message that opened the run.
  ServerSession(Ends ends, const ServerPolicy& policy, const AliasKeys& alias_keys, crypto::KeyExchange& key_exchange,
                crypto::Random& random, Now now);

  /// `raw` is the message exactly as it came. Refuses what is not next [M2].
  [[nodiscard]] Result on_message(Message message, ByteView raw, Now now);
  [[nodiscard]] Result on_saved(Durable stored, Now now);
  [[nodiscard]] Result on_save_failed(Error error);
  /// To be called at deadline() or later; does nothing before [S6].
  [[nodiscard]] Result on_time(Now now);
  /// The operator link is gone: a pending assignment dies; an activation under way is left to the store.
  [[nodiscard]] Result on_link_lost();

  [[nodiscard]] std::chrono::milliseconds deadline() const noexcept { return deadline_; }
  [[nodiscard]] const ids::CorrelationId& correlation_id() const noexcept { return correlation_id_; }

 private:
  /// Step 10 is made and waits for step 9's save.
  struct AwaitActivation {
    Bytes complete_message;
  };
  struct Over {};
  using State = std::variant<server::Start, server::KeySeedGenerated, server::AwaitCmDeviceIdReport,
                             server::AwaitGatewayConfirm, AwaitActivation, Over>;

  Result on_renewal_request();
  Result on_key_seed_request(KeySeedRequest request, ByteView raw, Now now);
  Result on_cm_device_id_report(const CmDeviceIdReport& report, ByteView raw);
  Result on_gateway_confirm(const GatewayConfirm& confirm, ByteView raw, Now now);
  Result refuse(Error error, Step step, bool tell_peer);

  const ServerPolicy& policy_;
  const AliasKeys& alias_keys_;
  crypto::KeyExchange& key_exchange_;
  crypto::Random& random_;
  ids::CorrelationId correlation_id_;
  State state_;
  RunCursor cursor_{Party::Server};
  Bytes last_raw_;
  std::optional<ids::AssignmentId> pending_;  ///< stored as pending, to be erased if the run dies
  std::chrono::milliseconds deadline_;
};

}  // namespace cpns::assign
