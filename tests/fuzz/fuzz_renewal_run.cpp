// A renewal with everything between its two ends in the input's hands: messages are delivered, lost, repeated,
// reordered, altered or made up, saves succeed or fail. Whatever happens, an ID of the device works at the Server, with
// the same key [R3]; nothing is told that was not stored [S1, S4].
// Input: one byte for each event, and what it needs.

#include <deque>
#include <map>

#include "core/assign/direct_link.hpp"
#include "core/assign/renewal_session.hpp"
#include "core/assign/server_session.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "store/commit_proof.hpp"

namespace {

using namespace cpns;
using namespace cpns::assign;
using namespace cpns::fuzz;

struct Stored : store::CommitProof {
  static Durable proof() { return after_commit(); }
};

class RenewalWorld {
 public:
  RenewalWorld() {
    auto seed = sample_secret<secret::KeySeed>();
    const auto prk = derive_prk(seed);
    old_id_ = derive_cm_device_id(prk, sample_server_id(), sample_pn_gw_id());
    auto credential = sample_credential();
    device_.emplace(Credential{*old_id_, derive_cm_device_key(prk, *old_id_), credential.server_id, credential.pn_gw_id,
                               credential.identity_alias, credential.expires_at, credential.endpoints});
    works_.emplace(*old_id_, std::move(seed));
    policy_.endpoints.push_back(sample_endpoint());
    const Renews renews{*old_id_, exporter_};
    device_side_.emplace(Ends{sample_server_id(), sample_pn_gw_id(), sample_correlation_id(), renews},
                         sample_device_name(), random_, now_);
    server_side_.emplace(Ends{sample_server_id(), sample_pn_gw_id(), sample_correlation_id(), renews}, policy_, keys_,
                         key_exchange_, random_, now_);
    take(device_side_->start(now_));
  }

  void deliver(bool to_server) {
    auto& queue = to_server ? to_server_ : to_device_;
    if (queue.empty()) return;
    const auto raw = std::move(queue.front());
    queue.pop_front();
    auto message = parse(raw);
    if (!message) return lose_link();
    if (to_server && server_side_) take(server_side_->on_message(std::move(*message), raw, now_));
    if (!to_server && device_side_) take(device_side_->on_message(std::move(*message), raw, now_));
  }
  void save(bool server, bool success) {
    const Error full{Code::store_write_failed, "full", "room"};
    if (server && pending_save_ && server_side_) {
      const auto save = std::exchange(pending_save_, nullptr);
      if (success) save();
      take(success ? server_side_->on_saved(Stored::proof(), now_) : server_side_->on_save_failed(full));
    } else if (!server && new_credential_ && device_side_) {
      auto credential = std::exchange(new_credential_, std::nullopt);
      if (success) device_.emplace(std::move(*credential));
      take(success ? device_side_->on_saved(Stored::proof()) : device_side_->on_save_failed(full));
    }
  }
  void prove(bool good) {
    if (!checking_ || !device_side_) return;
    checking_ = false;
    const Result<void> verdict = good ? Result<void>{} : Result<void>(Error{Code::server_proof_differs, "a", "b"});
    take(device_side_->on_proof_checked(verdict, now_));
  }
  void pass_time() {
    now_.steady += std::chrono::seconds(40);
    if (device_side_) take(device_side_->on_time(now_));
    if (server_side_) take(server_side_->on_time(now_));
  }
  void lose_link() {
    if (server_side_) take(server_side_->on_link_lost());
    device_side_.reset();
    server_side_.reset();
  }
  void check() const {
    const auto row = works_.find(device_->cm_device_id);
    require(row != works_.end(), "the device's ID works at the Server");
    require(derive_cm_device_key(derive_prk(row->second), row->first).equals(device_->cm_device_key),
            "and under the same key");
  }
  [[nodiscard]] bool complete() const { return done_ && device_->cm_device_id != *old_id_; }
  std::deque<Bytes>& queue(bool to_server) { return to_server ? to_server_ : to_device_; }
  [[nodiscard]] const std::vector<Bytes>& history() const { return history_; }

 private:
  void send(bool to_server, Bytes message) {
    if (history_.size() < 64) history_.push_back(message);
    queue(to_server).push_back(std::move(message));
  }
  void take(RenewalSession::Result outcome) {
    for (auto& action : outcome.actions) {
      if (auto* send_action = std::get_if<RenewalSession::Send>(&action)) send(true, std::move(send_action->message));
      if (std::holds_alternative<RenewalSession::CheckProof>(action)) checking_ = true;
      if (auto* save = std::get_if<RenewalSession::SaveCredential>(&action)) {
        require(works_.contains(save->credential.cm_device_id), "step 10 is told after step 9 was stored [S4]");
        new_credential_.emplace(std::move(save->credential));
      }
    }
    done_ = done_ || outcome.finished;
    if (outcome.over()) device_side_.reset();
  }
  void take(ServerSession::Result outcome) {
    for (auto& action : outcome.actions) {
      if (auto* send_action = std::get_if<ServerSession::Send>(&action)) send(false, std::move(send_action->message));
      if (std::holds_alternative<ServerSession::Prove>(action)) {
        send(false, encode_public(sample_correlation_id(), ServerProof{}));
      }
      if (auto* pending = std::get_if<ServerSession::SavePending>(&action)) {
        require(pending->pending.renews == old_id_, "a renewal names what it renews [R1]");
        seed_.emplace(std::move(pending->pending.key_seed));
        pending_save_ = [] {};
      }
      if (auto* activation = std::get_if<ServerSession::SaveActivation>(&action)) {
        pending_save_ = [this, id = activation->activation.cm_device_id] { works_.emplace(id, std::move(*seed_)); };
      }
    }
    if (outcome.over()) server_side_.reset();
  }

  CountedRandom random_;
  crypto::PortableKeyExchange key_exchange_;
  ServerPolicy policy_;
  AliasKeys keys_ = sample_alias_keys();
  Now now_{sample_time() - std::chrono::hours(1), std::chrono::milliseconds(0)};
  std::array<std::uint8_t, 32> exporter_{7};
  std::optional<ids::CmDeviceId> old_id_;
  std::map<ids::CmDeviceId, secret::KeySeed> works_;
  std::optional<Credential> device_, new_credential_;
  std::optional<secret::KeySeed> seed_;
  std::function<void()> pending_save_;
  bool checking_ = false, done_ = false;
  std::optional<RenewalSession> device_side_;
  std::optional<ServerSession> server_side_;
  std::deque<Bytes> to_server_, to_device_;
  std::vector<Bytes> history_;
};

void event(RenewalWorld& world, Taker& input) {
  const auto what = input.byte();
  const bool to_server = (what & 1U) != 0;
  auto& queue = world.queue(to_server);
  switch (what >> 1U) {
    case 0:
      return world.deliver(to_server);
    case 1:
      return world.save(to_server, true);
    case 2:
      return world.prove(true);
    case 3:
      if (!queue.empty()) queue.pop_front();
      return;
    case 4:
      if (!queue.empty()) queue.push_back(queue.front());
      return;
    case 5:
      if (queue.size() > 1) std::swap(queue.front(), queue.back());
      return;
    case 6:
      if (!queue.empty() && !queue.front().empty()) {
        queue.front()[input.byte() % queue.front().size()] ^= static_cast<std::uint8_t>(input.byte() | 1U);
      }
      return;
    case 7:
      if (!world.history().empty()) queue.push_front(world.history()[input.byte() % world.history().size()]);
      return;
    case 8:
      return world.save(to_server, false);
    case 9:
      return world.prove(false);
    case 10:
      return world.pass_time();
    case 11:
      return world.lose_link();
    case 12: {
      const auto made_up = input.bytes(input.byte());
      queue.emplace_front(made_up.begin(), made_up.end());
      return;
    }
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Taker input({data, size});
  RenewalWorld world;
  world.check();
  for (int events = 0; events < 200 && !input.empty(); ++events) {
    event(world, input);
    world.check();
  }
  if (world.complete()) accept();
  return 0;
}
