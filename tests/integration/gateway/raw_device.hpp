#pragma once
// A device that does exactly what a test says, on a real PAN link.

#include "integration/gateway/pan_world.hpp"
#include "pngw/pan_identity.hpp"

namespace cpns::test {

/// All calls run the world's loop until they are done.
class RawDevice {
 public:
  explicit RawDevice(PanWorld& world) : world_(world), run_(world.random.bytes<ids::CorrelationId::kSize>()) {}
  ~RawDevice();

  /// Opens a PAN link with a code's key; keeps the key of later links.
  [[nodiscard]] Result<void> connect_by_code(const pngw::PairingCode& code);
  /// Opens a PAN link with the key that the first one left.
  [[nodiscard]] Result<void> connect_again();
  [[nodiscard]] Result<void> connect(pngw::PanIdentityKind kind, store::PairingId id, secret::TlsPsk key);

  void send(assign::Body body);
  void send_raw(Bytes bytes);  ///< one message of these bytes
  void ask() { send(assign::ActivationRequest{*ids::DeviceName::parse("tablet"), {"pne"}}); }
  /// The next message; nothing where the link ends or nothing comes within `limit`.
  [[nodiscard]] std::optional<assign::Message> receive(std::chrono::milliseconds limit = std::chrono::seconds(20));
  void drop();
  /// A new run, as a device begins one with each link.
  void new_run() { run_ = ids::CorrelationId(world_.random.bytes<ids::CorrelationId::kSize>()); }

  [[nodiscard]] const ids::CorrelationId& run() const { return run_; }

 private:
  PanWorld& world_;
  ids::CorrelationId run_;
  std::optional<store::PairingId> pairing_id_;
  std::optional<secret::TlsPsk> pan_psk_;
  std::shared_ptr<runtime::SecureLink> link_;
};

}  // namespace cpns::test
