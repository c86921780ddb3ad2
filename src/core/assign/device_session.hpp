#pragma once
// The CM Device's side of an assignment on its PAN link: asks in step 0, stores and acknowledges in step 11.

#include "core/assign/session.hpp"

namespace cpns::assign {

/// One run, one use. Not thread-safe.
class DeviceSession {
 public:
  struct SendToGateway {
    Bytes message;
  };
  /// Step 11: to be durable before the receipt; then on_saved or on_save_failed.
  struct SaveCredential {
    Credential credential;
  };
  using Action = std::variant<SendToGateway, SaveCredential, StepDone>;
  using Result = Outcome<Action>;

  DeviceSession(ids::CorrelationId correlation_id, ids::DeviceName device_name, std::vector<std::string> capabilities,
                Now now);

  /// Sends the device's half of step 0.
  [[nodiscard]] Result start();
  [[nodiscard]] Result on_message(Message message, Now now);
  [[nodiscard]] Result on_saved(Durable stored);
  [[nodiscard]] Result on_save_failed(Error error);
  [[nodiscard]] Result on_link_lost();
  [[nodiscard]] Result on_time(Now now);

  [[nodiscard]] std::chrono::milliseconds deadline() const noexcept { return deadline_; }
  [[nodiscard]] const ids::CorrelationId& correlation_id() const noexcept { return correlation_id_; }

 private:
  struct Start {
    ids::DeviceName device_name;
    std::vector<std::string> capabilities;
  };
  struct Over {};
  using State = std::variant<Start, device::AwaitCredential, device::CredentialReceived, Over>;

  Result refuse(Error error, bool tell_peer);

  ids::CorrelationId correlation_id_;
  State state_;
  RunCursor cursor_{Party::CmDevice};
  std::chrono::milliseconds deadline_;
};

}  // namespace cpns::assign
