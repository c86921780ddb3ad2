#pragma once
// The three sessions of one assignment in one process, with everything between them in the input's hands: each message
// may be delivered, lost, repeated, reordered, altered, cut or replaced, each save may succeed or fail, links break,
// time passes. What must hold whatever happens is checked after every event.

#include <deque>

#include "core/assign/device_session.hpp"
#include "core/assign/gateway_session.hpp"
#include "core/assign/server_session.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "store/commit_proof.hpp"

namespace cpns::fuzz {

/// The four ways a message can go.
enum class Way : std::uint8_t { DeviceToGateway, GatewayToDevice, GatewayToServer, ServerToGateway };
enum class Side : std::uint8_t { Server, Gateway, Device };

class AssignmentWorld {
 public:
  AssignmentWorld();

  [[nodiscard]] std::deque<Bytes>& queue(Way way) { return queues_[static_cast<std::size_t>(way)]; }
  [[nodiscard]] const std::vector<Bytes>& history() const { return history_; }
  /// Takes the first message of the queue to its receiver; one that does not parse ends the link, as a role would.
  void deliver(Way way);
  void finish_save(Side side, bool success);
  void pass_time(std::chrono::seconds time);
  void lose_operator_link();
  void restore_operator_link();
  void lose_pan_link();
  /// All three are done and have what they should.
  [[nodiscard]] bool complete() const { return over() && activation_stored_ && device_stored_ && erased_; }
  [[nodiscard]] bool over() const { return server_over_ && gateway_over_ && device_over_; }

 private:
  void take(assign::ServerSession::Result outcome);
  void take(assign::GatewaySession::Result outcome);
  void take(assign::DeviceSession::Result outcome);
  void send(Way way, ByteView message);
  void on_activation(const assign::Activation& activation);
  void on_gateway_credential(const assign::Credential& credential);

  CountedRandom random_;
  crypto::PortableKeyExchange key_exchange_;
  assign::ServerPolicy policy_;
  assign::AliasKeys alias_keys_ = sample_alias_keys();
  assign::Now now_{sample_time(), std::chrono::milliseconds(0)};
  assign::ServerSession server_;
  assign::GatewaySession gateway_;
  assign::DeviceSession device_;
  bool server_over_ = false, gateway_over_ = false, device_over_ = false;

  std::array<std::deque<Bytes>, 4> queues_;
  std::vector<Bytes> history_;

  // What the stores were asked for, and what they have.
  std::optional<secret::KeySeed> key_seed_;
  bool server_saving_ = false, gateway_saving_ = false, device_saving_ = false;
  bool pending_stored_ = false, activation_asked_ = false, activation_stored_ = false;
  std::optional<ids::CmDeviceId> active_id_;
  bool gateway_stored_ = false, device_stored_ = false, erased_ = false;
};

}  // namespace cpns::fuzz
