#pragma once
// Either side of a direct link under ALPN cpns/1: LinkHello both ways [T6], then signalling.

#include "core/assign/direct_link.hpp"
#include "core/assign/session.hpp"

namespace cpns::assign {

/// Not thread-safe; one per direct link, made after the handshake is complete [T7].
class LinkSession {
 public:
  struct Send {
    Bytes message;
  };
  /// On the device: offer this identity next time [T5].
  struct SaveAlias {
    ids::IdentityAlias identity_alias;
  };
  /// On the device: the Server wants a renewal (section 5).
  struct Invited {};
  using Action = std::variant<Send, SaveAlias, Invited, StepDone>;
  using Result = Outcome<Action>;

  LinkSession(Role mine, ids::ServerId server_id, ids::CmDeviceId cm_device_id, ids::CorrelationId correlation_id);

  /// Sends this side's LinkHello; the first thing on the link.
  [[nodiscard]] Result start();
  /// A refusal ends the link.
  [[nodiscard]] Result on_message(const Message& message);
  /// True after the peer's LinkHello has been verified: step 16 is done.
  [[nodiscard]] bool open() const noexcept { return open_; }
  /// On the Server, when open: hands out a fresh alias [T5].
  [[nodiscard]] Bytes alias_update(ids::IdentityAlias identity_alias) const;
  /// On the Server, when open: a renewal is due [R1].
  [[nodiscard]] Bytes invite(ids::DeviceName device_name) const;
  /// `payload`: at most 64 bytes, which come back.
  [[nodiscard]] Bytes ping(Bytes payload = {}) const;

 private:
  Result refuse(Error error);

  Role mine_;
  ids::ServerId server_id_;
  ids::CmDeviceId cm_device_id_;
  ids::CorrelationId correlation_id_;
  bool open_ = false;
};

}  // namespace cpns::assign
