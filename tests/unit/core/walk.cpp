#include "walk.hpp"

#include <algorithm>
#include <memory>

namespace cpns::test {
namespace {

struct OnDisk : store::CommitProof {
  static Durable now() { return after_commit(); }
};

AliasKeys one_alias_key() {
  CountingRandom random;
  std::map<std::uint8_t, secret::AliasKey> keys;
  keys.emplace(std::uint8_t{1}, secret::AliasKey::make([&](std::span<std::uint8_t, 32> to) { random.fill(to); }));
  return {1, std::move(keys)};
}

MessageKind kind_in(ByteView bytes) {
  const auto message = parse(bytes);
  return message ? kind_of(message->body) : MessageKind::None;
}

}  // namespace

void CountingRandom::fill(std::span<std::uint8_t> out) {
  const std::array<std::uint8_t, 8> seed = [&] {
    std::array<std::uint8_t, 8> s{};
    ++count_;
    for (std::size_t i = 0; i < s.size(); ++i) s[i] = static_cast<std::uint8_t>(count_ >> (8 * i));
    return s;
  }();
  crypto::hkdf_expand(crypto::sha256({seed}), {}, out);
}

World::World(Plan plan)
    : server_id(*ids::ServerId::parse("cpns.example.net")),
      pn_gw_id(*ids::PnGwId::parse("sip:alice@ims.example.net")),
      alias_keys(one_alias_key()),
      plan_(plan) {
  policy_.endpoints.push_back(*ids::Endpoint::parse("cpns.example.net:7443"));
}

Now World::now() const {
  return {
      ids::UnixTime(std::chrono::seconds(1'800'000'000) + std::chrono::duration_cast<std::chrono::seconds>(steady_)),
      steady_};
}

bool World::run() {
  steps.clear();
  silent_.clear();
  frames_.clear();
  saves_.clear();
  held_.reset();
  server_.reset();
  gateway_.reset();
  device_.reset();
  if (disks.device) return true;
  // A pending assignment of its own that a server finds at start is erased (section 3, last paragraph).
  const ids::CorrelationId correlation_id(random_.bytes<8>());
  device_.emplace(correlation_id, *ids::DeviceName::parse("tablet"), std::vector<std::string>{"pne+pngw"}, now());
  apply(device_->start());
  for (int turn = 0; turn < 1000 && (anyone_lives() || !frames_.empty() || !saves_.empty()); ++turn) {
    if (!frames_.empty()) {
      auto frame = std::move(frames_.front());
      frames_.pop_front();
      deliver(std::move(frame));
    } else if (!saves_.empty()) {
      auto pending = std::move(saves_.front());
      saves_.pop_front();
      settle_save(std::move(pending));
    } else {
      advance_to_next_deadline();
      if (held_) frames_.push_back(std::move(*held_));
      held_.reset();
    }
  }
  return disks.device.has_value();
}

bool World::anyone_lives() const { return server_ || gateway_ || device_; }

void World::advance_to_next_deadline() {
  auto next = std::chrono::milliseconds::max();
  if (server_) next = std::min(next, server_->deadline());
  if (gateway_) next = std::min(next, gateway_->deadline());
  if (device_) next = std::min(next, device_->deadline());
  steady_ = std::max(steady_, next);
  if (server_) apply(server_->on_time(now()));
  if (gateway_) apply(gateway_->on_time(now()));
  if (device_) apply(device_->on_time(now()));
}

void World::send(Party from, Party to, ByteView bytes) {
  if (from == Party::Server || to == Party::Server) operator_traffic.emplace_back(bytes.begin(), bytes.end());
  if (silent_.contains(from)) return;
  const bool hit = !fault_happened && plan_.message != MessageKind::None && kind_in(bytes) == plan_.message;
  auto copy = secret::SecretBuffer::copy_of(bytes);
  if (!hit) {
    frames_.push_back({from, to, std::move(copy)});
    return;
  }
  fault_happened = true;
  switch (plan_.fault) {
    case Fault::Lost:
      return;
    case Fault::Silent:
      silent_.insert(from);
      return;
    case Fault::Repeated:
      frames_.push_back({from, to, secret::SecretBuffer::copy_of(bytes)});
      break;
    case Fault::Reordered:
      held_ = Frame{from, to, std::move(copy)};
      return;
    case Fault::Truncated:
      copy.shrink(bytes.size() - 1);
      break;
    case Fault::BitFlipped: {
      const auto bit = plan_.bit % (bytes.size() * 8);
      copy.writable()[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      break;
    }
    case Fault::None:
    case Fault::CrashBeforeSave:
    case Fault::CrashAfterSave:
      break;
  }
  frames_.push_back({from, to, std::move(copy)});
}

// What a role does with bytes that do not parse: logs, sends one Alert, ends the link's runs.
void World::deliver(Frame frame) {
  auto message = parse(frame.bytes.view());
  if (!message) {
    refusals.push_back(message.error());
    if (frame.to == Party::Server) {
      if (server_) apply(server_->on_link_lost());
      if (gateway_) apply(gateway_->on_operator_link_lost(now()));
      if (gateway_) apply(gateway_->on_operator_link_restored(now()));
    } else if (frame.to == Party::CmDevice) {
      if (device_) apply(device_->on_link_lost());
      if (gateway_) apply(gateway_->on_pan_link_lost());
    } else {
      lose_links_of(Party::PnGw);
      if (gateway_ && frame.from == Party::Server) {
        apply(gateway_->on_operator_link_lost(now()));
        if (gateway_) apply(gateway_->on_operator_link_restored(now()));
      } else if (gateway_) {
        apply(gateway_->on_pan_link_lost());
      }
    }
    return;
  }
  switch (frame.to) {
    case Party::Server:
      to_server(std::move(*message), frame.bytes.view());
      break;
    case Party::CmDevice:
      if (device_) apply(device_->on_message(std::move(*message), now()));
      break;
    case Party::PnGw:
      if (frame.from == Party::Server) {
        if (gateway_) apply(gateway_->on_server_message(std::move(*message), frame.bytes.view(), now()));
      } else if (gateway_) {
        apply(gateway_->on_device_message(std::move(*message), now()));
      } else if (std::holds_alternative<ActivationRequest>(message->body)) {
        gateway_.emplace(Ends{server_id, pn_gw_id, message->correlation_id}, random_, now());
        if (disks.gateway) {
          apply(gateway_->deliver_again(std::move(*message), disks.gateway->duplicate(), OnDisk::now(), now()));
        } else {
          apply(gateway_->on_device_message(std::move(*message), now()));
        }
      }
      break;
  }
}

void World::to_server(Message message, ByteView raw) {
  if (server_ && server_->correlation_id() == message.correlation_id) {
    apply(server_->on_message(std::move(message), raw, now()));
    return;
  }
  if (std::holds_alternative<KeySeedRequest>(message.body)) {
    server_.emplace(Ends{server_id, pn_gw_id, message.correlation_id}, policy_, alias_keys, *key_exchange, random_,
                    now());
    apply(server_->on_message(std::move(message), raw, now()));
    return;
  }
  if (is_alert(message)) return;
  const auto* confirm = std::get_if<GatewayConfirm>(&message.body);
  const auto row = confirm == nullptr ? disks.server.end() : disks.server.find(confirm->assignment_id);
  if (row != disks.server.end() && row->second.activation &&
      row->second.activation->confirm_digest == crypto::sha256({raw})) {
    send(Party::Server, Party::PnGw, row->second.activation->complete_message);  // [S5, S12]
    return;
  }
  refusals.push_back(Error{Code::assignment_unknown, "a message of no run", "step 0"}.at_step(4));
  send(Party::Server, Party::PnGw, alert(message.correlation_id));  // [S8]
}

void World::lose_links_of(Party who) {
  std::erase_if(frames_, [&](const Frame& f) { return f.from == who || f.to == who; });
}

void World::save(Party who, std::function<void()> write) { saves_.push_back({who, std::move(write), true}); }

void World::settle_save(PendingSave pending) {
  if (!pending.awaited) return pending.write();
  const bool crash_here = plan_.save == saves++;
  if (crash_here) fault_happened = true;
  if (crash_here && plan_.fault == Fault::CrashBeforeSave) return crash(pending.who);
  pending.write();
  if (crash_here && plan_.fault == Fault::CrashAfterSave) return crash(pending.who);
  if (pending.who == Party::Server && server_) apply(server_->on_saved(OnDisk::now(), now()));
  if (pending.who == Party::PnGw && gateway_) apply(gateway_->on_saved(OnDisk::now(), now()));
  if (pending.who == Party::CmDevice && device_) apply(device_->on_saved(OnDisk::now()));
}

void World::crash(Party who) {
  lose_links_of(who);
  std::erase_if(saves_, [&](const PendingSave& s) { return s.who == who; });
  if (who == Party::Server) {
    server_.reset();
    std::erase_if(disks.server, [](const auto& row) { return !row.second.activation; });
    if (gateway_) apply(gateway_->on_operator_link_lost(now()));
    if (gateway_) apply(gateway_->on_operator_link_restored(now()));
  } else if (who == Party::PnGw) {
    gateway_.reset();
    if (server_) apply(server_->on_link_lost());
    if (device_) apply(device_->on_link_lost());
  } else {
    device_.reset();
    if (gateway_) apply(gateway_->on_pan_link_lost());
  }
}

}  // namespace cpns::test
