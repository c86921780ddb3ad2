#include "fuzz/assignment_world.hpp"

namespace cpns::fuzz {
namespace {

using namespace cpns::assign;

struct Proof : store::CommitProof {
  static Durable now() { return after_commit(); }
};

MessageKind kind_of_bytes(ByteView message) {
  const auto parsed = parse(message);
  require(parsed.ok(), "what a session sends parses");
  return kind_of(parsed->body);
}

Ends ends() { return {sample_server_id(), sample_pn_gw_id(), sample_correlation_id()}; }

ServerPolicy policy() {
  ServerPolicy made;
  made.endpoints = {sample_endpoint()};
  return made;
}

}  // namespace

AssignmentWorld::AssignmentWorld()
    : policy_(policy()),
      server_(ends(), policy_, alias_keys_, key_exchange_, random_, now_),
      gateway_(ends(), random_, now_),
      device_(sample_correlation_id(), sample_device_name(), {"direct"}, now_) {
  take(device_.start());
}

void AssignmentWorld::send(Way way, ByteView message) {
  history_.emplace_back(message.begin(), message.end());
  queue(way).push_back(history_.back());
}

void AssignmentWorld::deliver(Way way) {
  auto& waiting = queue(way);
  if (waiting.empty()) return;
  const auto raw = std::move(waiting.front());
  waiting.pop_front();
  auto message = parse(raw);
  if (!message) return;
  switch (way) {
    case Way::DeviceToGateway:
      if (!gateway_over_) take(gateway_.on_device_message(std::move(*message), now_));
      return;
    case Way::ServerToGateway:
      if (!gateway_over_) take(gateway_.on_server_message(std::move(*message), raw, now_));
      return;
    case Way::GatewayToServer:
      if (!server_over_) take(server_.on_message(std::move(*message), raw, now_));
      return;
    case Way::GatewayToDevice:
      if (!device_over_) take(device_.on_message(std::move(*message), now_));
      return;
  }
}

void AssignmentWorld::finish_save(Side side, bool success) {
  const Error failed{Code::sealed_value_does_not_open, "a store that fails", "one that does not"};
  if (side == Side::Server && std::exchange(server_saving_, false) && !server_over_) {
    (activation_asked_ ? activation_stored_ : pending_stored_) = success;
    take(success ? server_.on_saved(Proof::now(), now_) : server_.on_save_failed(failed));
  }
  if (side == Side::Gateway && std::exchange(gateway_saving_, false) && !gateway_over_) {
    gateway_stored_ = success;
    take(success ? gateway_.on_saved(Proof::now(), now_) : gateway_.on_save_failed(failed));
  }
  if (side == Side::Device && std::exchange(device_saving_, false) && !device_over_) {
    device_stored_ = success;
    take(success ? device_.on_saved(Proof::now()) : device_.on_save_failed(failed));
  }
}

void AssignmentWorld::pass_time(std::chrono::seconds time) {
  now_.wall += time;
  now_.steady += time;
  if (!server_over_) take(server_.on_time(now_));
  if (!gateway_over_) take(gateway_.on_time(now_));
  if (!device_over_) take(device_.on_time(now_));
}

void AssignmentWorld::lose_operator_link() {
  queue(Way::GatewayToServer).clear();
  queue(Way::ServerToGateway).clear();
  if (!server_over_) take(server_.on_link_lost());
  if (!gateway_over_) take(gateway_.on_operator_link_lost(now_));
}

void AssignmentWorld::restore_operator_link() {
  if (!gateway_over_) take(gateway_.on_operator_link_restored(now_));
}

void AssignmentWorld::lose_pan_link() {
  queue(Way::DeviceToGateway).clear();
  queue(Way::GatewayToDevice).clear();
  if (!gateway_over_) take(gateway_.on_pan_link_lost());
  if (!device_over_) take(device_.on_link_lost());
}

void AssignmentWorld::take(ServerSession::Result outcome) {
  bool erased = false;
  for (auto& action : outcome.actions) {
    if (auto* save = std::get_if<ServerSession::SavePending>(&action)) {
      require(!key_seed_, "one Key Seed for one assignment");
      require(save->pending.pn_gw_id == sample_pn_gw_id(), "the identity is the link's [K3]");
      key_seed_ = save->pending.key_seed.duplicate();
      server_saving_ = true;
    } else if (auto* activation = std::get_if<ServerSession::SaveActivation>(&action)) {
      on_activation(activation->activation);
    } else if (std::holds_alternative<ServerSession::ErasePending>(action)) {
      erased = true;
    } else if (auto* message = std::get_if<ServerSession::Send>(&action)) {
      const auto kind = kind_of_bytes(message->message);
      require(kind != MessageKind::KeySeedGrant || pending_stored_, "step 2 only after step 1 is durable [S1]");
      require(kind != MessageKind::AssignmentComplete || activation_stored_,
              "step 10 only after step 9 is durable [S4]");
      require(!outcome.refusal || kind == MessageKind::None, "a refusal sends nothing but an Alert");
      send(Way::ServerToGateway, message->message);
    }
  }
  require(!outcome.refusal || outcome.refusal->step, "a refusal names its step [V3]");
  require(!erased || !activation_stored_, "an active assignment is not erased");
  if (outcome.refusal && pending_stored_ && !activation_stored_)
    require(erased, "a dead assignment is erased [S3, S6]");
  server_over_ = server_over_ || outcome.over();
}

void AssignmentWorld::on_activation(const Activation& activation) {
  require(pending_stored_ && key_seed_.has_value(), "only a stored assignment becomes active");
  const auto prk = derive_prk(*key_seed_);
  require(activation.cm_device_id == derive_cm_device_id(prk, sample_server_id(), sample_pn_gw_id()),
          "the active ID is that of the Key Seed and the link's identity [S2]");
  active_id_ = activation.cm_device_id;
  activation_asked_ = server_saving_ = true;
}

void AssignmentWorld::on_gateway_credential(const Credential& credential) {
  require(activation_stored_ && active_id_ == credential.cm_device_id,
          "the PN GW completes only what the Server stored");
  const auto key = derive_cm_device_key(derive_prk(*key_seed_), credential.cm_device_id);
  require(credential.cm_device_key.equals(key), "both sides have the same key");
  gateway_saving_ = true;
}

void AssignmentWorld::take(GatewaySession::Result outcome) {
  for (auto& action : outcome.actions) {
    if (auto* save = std::get_if<GatewaySession::SaveCredential>(&action)) {
      on_gateway_credential(save->credential);
    } else if (auto* to_server = std::get_if<GatewaySession::SendToServer>(&action)) {
      require(!outcome.refusal || kind_of_bytes(to_server->message) == MessageKind::None,
              "a refusal sends only an Alert");
      send(Way::GatewayToServer, to_server->message);
    } else if (auto* to_device = std::get_if<GatewaySession::SendToDevice>(&action)) {
      const bool transfer = kind_of_bytes(to_device->message.view()) == MessageKind::CredentialTransfer;
      require(!transfer || gateway_stored_, "step 11 only after the sealed copy is durable [G2, G3]");
      send(Way::GatewayToDevice, to_device->message.view());
    } else if (std::holds_alternative<GatewaySession::EraseCredential>(action)) {
      require(gateway_stored_, "only a stored copy is erased [G2]");
      erased_ = true;
    }
  }
  require(!outcome.refusal || outcome.refusal->step, "a refusal names its step [V3]");
  gateway_over_ = gateway_over_ || outcome.over();
}

void AssignmentWorld::take(DeviceSession::Result outcome) {
  for (auto& action : outcome.actions) {
    if (std::holds_alternative<DeviceSession::SaveCredential>(action)) device_saving_ = true;
    if (auto* message = std::get_if<DeviceSession::SendToGateway>(&action)) {
      const bool receipt = kind_of_bytes(message->message) == MessageKind::CredentialReceipt;
      require(!receipt || device_stored_, "the receipt only after the credential is durable");
      send(Way::DeviceToGateway, message->message);
    }
  }
  require(!outcome.refusal || outcome.refusal->step, "a refusal names its step [V3]");
  device_over_ = device_over_ || outcome.over();
}

}  // namespace cpns::fuzz
