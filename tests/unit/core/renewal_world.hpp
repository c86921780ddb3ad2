#pragma once
// Both ends of a renewal in one process, with disks that survive a cut.

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

#include "core/assign/renewal_session.hpp"
#include "core/assign/server_session.hpp"
#include "store/commit_proof.hpp"
#include "walk.hpp"

namespace cpns::test {

struct Proof : store::CommitProof {
  static Durable durable() { return after_commit(); }
};

/// What both ends have on disk, and one run between them. `cut` stops everything before the n-th action is carried out.
class RenewalWorld {
 public:
  RenewalWorld() : server_exporter(exporter_of(7)), device_exporter(server_exporter) {
    auto seed = secret::KeySeed::make([&](std::span<std::uint8_t, 32> to) { random_.fill(to); });
    const auto prk = derive_prk(seed);
    const auto id = derive_cm_device_id(prk, server_id, pn_gw_id);
    device.emplace(Credential{id,
                              derive_cm_device_key(prk, id),
                              server_id,
                              pn_gw_id,
                              alias_keys.make(id, random_),
                              at(90),
                              {ids::Endpoint::parse("192.0.2.1:7443").value()}});
    server.emplace(id, std::move(seed));
    old_id = id;
  }

  /// True where the run ended well at the device.
  bool run() {
    const ids::CorrelationId correlation_id(random_.bytes<8>());
    session_.emplace(Ends{server_id, pn_gw_id, correlation_id, Renews{device->cm_device_id, device_exporter}},
                     ids::DeviceName::parse("tablet").value(), random_, now());
    peer_.emplace(Ends{server_id, pn_gw_id, correlation_id, Renews{*old_id, server_exporter}}, policy_, alias_keys,
                  key_exchange_, random_, now());
    pending_.clear();
    done_ = false;
    apply(session_->start(now()));
    while (!frames_.empty() && !cut_) {
      auto frame = std::move(frames_.front());
      frames_.pop_front();
      if (alter && alter(frame.first, frame.second)) altered = true;
      deliver(frame.first, frame.second);
    }
    frames_.clear();
    if (peer_) apply_server(peer_->on_link_lost());
    session_.reset();
    peer_.reset();
    return done_;
  }

  /// One of the IDs that the device has works at the Server, with the same key [R3].
  [[nodiscard]] bool device_can_connect() const {
    const auto row = server.find(device->cm_device_id);
    if (row == server.end()) return false;
    return derive_cm_device_key(derive_prk(row->second), row->first).equals(device->cm_device_key);
  }

  static std::array<std::uint8_t, 32> exporter_of(std::uint8_t byte) {
    std::array<std::uint8_t, 32> made{};
    made.fill(byte);
    return made;
  }
  static ids::UnixTime at(int days) { return ids::UnixTime(std::chrono::hours(24 * days)); }

  ids::ServerId server_id = ids::ServerId::parse("cpns.example.net").value();
  ids::PnGwId pn_gw_id = ids::PnGwId::parse("sip:alice@ims.example.net").value();
  AliasKeys alias_keys{1, [] {
                         std::map<std::uint8_t, secret::AliasKey> keys;
                         keys.emplace(1, secret::AliasKey::make([](auto to) { to[0] = 1; }));
                         return keys;
                       }()};
  std::array<std::uint8_t, 32> server_exporter;
  std::array<std::uint8_t, 32> device_exporter;
  std::map<ids::CmDeviceId, secret::KeySeed> server;  ///< IDs that work
  std::optional<Credential> device;
  std::optional<ids::CmDeviceId> old_id;
  std::optional<ids::CmDeviceId> renews_at_activation;
  std::vector<Error> refusals;
  std::vector<Step> steps;
  std::vector<MessageKind> messages;
  /// May change a frame; true where it did.
  std::function<bool(Party, Bytes&)> alter;
  bool altered = false;
  cpns::Result<void> proof_verdict{};
  int cut_after = -1;  ///< actions
  int actions = 0;
  bool save_fails = false;

 private:
  static Now now() { return {at(1), std::chrono::milliseconds(0)}; }
  bool cut() {
    if (cut_after >= 0 && actions >= cut_after) cut_ = true;
    ++actions;
    return cut_;
  }
  void deliver(Party to, const Bytes& raw) {
    auto message = parse(raw);
    if (!message) {
      refusals.push_back(message.error());
      return;
    }
    messages.push_back(kind_of(message->body));
    if (to == Party::Server) {
      if (peer_) apply_server(peer_->on_message(std::move(*message), raw, now()));
    } else if (session_) {
      apply(session_->on_message(std::move(*message), raw, now()));
    }
  }
  void apply(RenewalSession::Result result) {
    for (auto& action : result.actions) {
      if (cut()) return;
      if (auto* send = std::get_if<RenewalSession::Send>(&action)) {
        frames_.emplace_back(Party::Server, std::move(send->message));
      } else if (std::holds_alternative<RenewalSession::CheckProof>(action)) {
        apply(session_->on_proof_checked(proof_verdict, now()));
      } else if (auto* save = std::get_if<RenewalSession::SaveCredential>(&action)) {
        if (save_fails) {
          apply(session_->on_save_failed(Error{Code::store_write_failed, "full", "room"}));
        } else {
          device.emplace(std::move(save->credential));
          if (cut()) return;
          apply(session_->on_saved(Proof::durable()));
        }
      } else if (auto* step = std::get_if<StepDone>(&action)) {
        steps.push_back(step->step);
      }
    }
    done_ = done_ || result.finished;
    if (result.refusal) {
      refusals.push_back(*result.refusal);
      session_.reset();
    }
  }
  void apply_server(ServerSession::Result result) {
    for (auto& action : result.actions) {
      if (cut()) return;
      if (auto* send = std::get_if<ServerSession::Send>(&action)) {
        frames_.emplace_back(Party::PnGw, std::move(send->message));
      } else if (std::holds_alternative<ServerSession::Prove>(action)) {
        frames_.emplace_back(Party::PnGw, encode_public(peer_->correlation_id(), ServerProof{}));
      } else if (auto* pending = std::get_if<ServerSession::SavePending>(&action)) {
        renews_at_activation = pending->pending.renews;
        pending_.emplace(pending->pending.assignment_id, std::move(pending->pending.key_seed));
        if (cut()) return;
        apply_server(peer_->on_saved(Proof::durable(), now()));
      } else if (auto* activation = std::get_if<ServerSession::SaveActivation>(&action)) {
        const auto& made = activation->activation;
        EXPECT_FALSE(made.renew_by) << "a renewed key need not be renewed in a day";
        server.emplace(made.cm_device_id, std::move(pending_.at(made.assignment_id)));
        pending_.erase(made.assignment_id);
        if (cut()) return;
        apply_server(peer_->on_saved(Proof::durable(), now()));
      }
    }
    if (result.refusal) refusals.push_back(*result.refusal);
    if (result.over()) peer_.reset();
  }

  CountingRandom random_;
  crypto::PortableKeyExchange key_exchange_;
  ServerPolicy policy_{std::chrono::seconds(300),
                       std::chrono::hours(24 * 90),
                       std::chrono::hours(24),
                       {ids::Endpoint::parse("192.0.2.1:7443").value()}};
  std::optional<RenewalSession> session_;
  std::optional<ServerSession> peer_;
  std::deque<std::pair<Party, Bytes>> frames_;
  std::map<ids::AssignmentId, secret::KeySeed> pending_;
  bool done_ = false;
  bool cut_ = false;
};

}  // namespace cpns::test
