#include "pngw/pan_relay.hpp"

#include "core/assign/wire.hpp"
#include "core/stream/node_path.hpp"
#include "core/stream/relay_message.hpp"
#include "runtime/clock.hpp"
#include "runtime/deadline.hpp"
#include "tls/client_hello.hpp"

namespace cpns::pngw {

using runtime::Task;

std::string_view name_of(stream::RelayOpen::Kind kind) noexcept {
  return kind == stream::RelayOpen::Kind::EndToEnd ? "end-to-end" : "pne";
}

void PanRelay::stop() {
  // Each call may end a coroutine that takes its own entry out.
  for (const auto& [number, open] : std::map(links_)) open.end();
}

std::vector<PanRelay::Carried> PanRelay::now_carried() const {
  std::vector<Carried> all;
  for (const auto& [number, open] : links_) {
    if (open.bytes) all.push_back({open.peer, open.kind, open.since, open.bytes->there, open.bytes->back});
  }
  return all;
}

Result<stream::RelayOpen> PanRelay::check(stream::RelayOpen request, const store::PairingId& peer) const {
  // Only what the pairing says about the device counts, never what it says itself.
  CPNS_TRY(const auto known, pairings_.find_peer(peer));
  if (!known) return Error{Code::pan_identity_refused, peer.hex(), "a paired device"};
  CPNS_CHECK(stream::check_carry(request.path, node_id_, upstream_.path()));
  // Whatever the path says: it comes from the device, and a longer one must not let it speak for another.
  request.pne_name = known->device_name;
  request.pairing_id = stream::PairingRef(peer.bytes());
  request.path.push_back(node_id_);
  return request;
}

std::vector<stream::NodeId> PanRelay::standing_path() const {
  auto path = upstream_.standing_path();
  path.insert(path.begin(), node_id_);
  return path;
}

Result<std::vector<stream::NodeId>> PanRelay::path_for(const stream::JoinRequest& request) const {
  auto path = standing_path();
  CPNS_CHECK(stream::check_join(request.node_id, request.serves, path));
  return path;
}

Task<Result<void>> PanRelay::let_hello_through(std::shared_ptr<runtime::ByteStream> from,
                                               std::shared_ptr<runtime::ByteStream> to) {
  Bytes bytes(tls::kMaxClientHello);
  std::size_t have = 0;
  auto verdict = tls::HelloVerdict::Incomplete;
  // One limit for all of it, however slowly the bytes trickle in.
  const runtime::Deadline deadline(from->executor(), limits_.first_message, [from] { from->abort(); });
  const std::chrono::milliseconds no_limit = std::chrono::hours(24);
  while (verdict == tls::HelloVerdict::Incomplete) {
    const auto room = std::span<std::uint8_t>(bytes).subspan(have);
    if (room.empty()) break;
    const auto got = co_await from->read_some(room, no_limit);
    if (!got && deadline.passed()) co_return Error{Code::peer_too_slow, "no whole ClientHello", "one in time"};
    if (!got) co_return got.error();
    if (*got == 0) break;
    have += *got;
    verdict = tls::client_hello_offers_only(ByteView(bytes).first(have), "cpns/1");
  }
  if (verdict != tls::HelloVerdict::Offers) {
    co_return Error{Code::relay_not_cpns, std::to_string(have) + " bytes of another protocol",
                    "a TLS ClientHello for cpns/1"};
  }
  const auto hello = ByteView(bytes).first(have);
  co_return co_await to->write(hello);
}

Task<Result<PanRelay::Granted>> PanRelay::grant(Link link, store::PairingId peer) {
  runtime::MessageLink messages(link);
  const std::optional<std::chrono::milliseconds> patience = limits_.first_message;
  auto raw = co_await messages.receive(patience);
  if (!raw) co_return std::move(raw).error();
  if (raw->empty()) co_return Error{Code::connection_lost, "the end of the link", "RelayOpen"};
  auto message = stream::parse_relay_message(raw->view());
  if (!message) co_return std::move(message).error();
  auto* open = std::get_if<stream::RelayOpen>(&message->body);
  if (open == nullptr) co_return Error{Code::pan_message_not_expected, "another message", "RelayOpen"};
  const auto kind = open->kind;
  auto checked = check(std::move(*open), peer);
  if (!checked) co_return std::move(checked).error();
  auto request = std::move(*checked);
  auto opened = co_await upstream_.open(std::move(request));
  if (!opened) co_return std::move(opened).error();
  auto path = std::move(opened->path);
  path.insert(path.begin(), node_id_);
  if (path.size() > stream::kMaxHops) {
    opened->pipe->abort();
    co_return Error{Code::relay_too_long, std::to_string(path.size()) + " hops"};
  }
  // What is beyond the limit is no news: whoever would join there is refused.
  auto standing = standing_path();
  if (standing.size() > stream::kMaxHops) standing.resize(stream::kMaxHops, node_id_);
  const auto ready =
      stream::encode_relay_message({message->correlation_id, stream::RelayReady{std::move(path), std::move(standing)}});
  auto sent = co_await messages.send(ByteView(ready));
  Granted granted{kind, nullptr, std::move(opened->pipe)};
  if (sent) co_return granted;
  granted.pipe->abort();
  co_return std::move(sent).error();
}

// The device's own TLS to the Server protects the bytes: a second one on this hop would cost much and hide nothing that
// an Internet path does not show (docs/relay.md).
Task<Result<void>> PanRelay::carry(Link link, Granted granted, std::uint64_t number, runtime::SpliceLimits limits) {
  const bool end_to_end = granted.kind == stream::RelayOpen::Kind::EndToEnd;
  const auto pipe = granted.pipe;
  std::shared_ptr<runtime::ByteStream> device;
  Result<void> ready;
  if (end_to_end) {
    auto bare = co_await link->release(limits_.first_message);
    if (bare) device = std::move(*bare);
    if (!bare) ready = std::move(bare).error();
  } else {
    device = std::make_shared<runtime::LinkStream>(link);
  }
  if (ready && end_to_end && limits_.only_cpns) ready = co_await let_hello_through(device, pipe);
  if (!ready) {
    if (device) device->abort();
    pipe->abort();
    co_return ready;
  }
  const auto begun = std::chrono::steady_clock::now();
  const auto kind_name = name_of(granted.kind);
  auto& open = links_.at(number);
  const auto peer = open.peer;
  open.kind = granted.kind;
  open.since = runtime::now();
  open.bytes = limits.seen = std::make_shared<runtime::Spliced>();
  log_.event(Code::relay_opened, {{"pairing_id", peer.hex()}, {"kind", kind_name}, {"remote", link->remote()}});
  const auto done = co_await runtime::splice(device, pipe, limits);
  pipe->abort();
  if (end_to_end) device->abort();
  const auto lasted = std::chrono::steady_clock::now() - begun;
  log_.event(Code::relay_closed,
             {{"pairing_id", peer.hex()},
              {"kind", kind_name},
              {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(lasted).count()},
              {"bytes_up", done.there},
              {"bytes_down", done.back}});
  co_return Result<void>{};
}

Result<void> PanRelay::may_begin(const store::PairingId& peer) const {
  if (!limits_.enabled) return Error{Code::relay_is_off, "a connection to carry", "[relay] enabled = true"};
  const auto device = devices_.find(peer);
  const auto of_device = device == devices_.end() ? 0 : device->second.connections;
  if (of_device >= limits_.connections) {
    return Error{Code::relay_limit_reached, std::to_string(of_device) + " of this device", "fewer"};
  }
  if (links_.size() >= limits_.all_connections) {
    return Error{Code::relay_limit_reached, std::to_string(links_.size()) + " of all devices", "fewer"};
  }
  return {};
}

Task<Result<void>> PanRelay::serve(Link link, store::PairingId peer) {
  Result<void> done = may_begin(peer);
  if (done) {
    auto& device = devices_[peer];
    if (limits_.bytes_per_second > 0 && !device.up) {
      device.up = std::make_shared<runtime::Pace>(limits_.bytes_per_second);
      device.down = std::make_shared<runtime::Pace>(limits_.bytes_per_second);
    }
    ++device.connections;
    const auto number = next_link_++;
    links_.emplace(number, Open{peer, [link] { link->abort(); }});
    const runtime::SpliceLimits limits{limits_.idle, device.up, device.down, limits_.after_end};
    auto granted = co_await grant(link, peer);
    if (granted) {
      links_.at(number).end = [link, pipe = granted->pipe] {
        link->abort();
        pipe->abort();
      };
      auto now = std::move(*granted);
      const auto carried = co_await carry(link, std::move(now), number, limits);
      links_.erase(number);
      leave(peer);
      // RelayReady has been sent: what stands on the connection now is not ours to write into.
      if (!carried) link->abort();
      co_return carried;
    }
    links_.erase(number);
    leave(peer);
    done = std::move(granted).error();
  }
  if (!done && done.error().error_class() != MessageClass::Transport) {
    const ids::CorrelationId nobody(std::array<std::uint8_t, ids::CorrelationId::kSize>{});
    runtime::MessageLink messages(link);
    const auto alert = assign::encode_public(nobody, assign::Alert{});
    (void)co_await messages.send(ByteView(alert));
  }
  co_return done;
}

// A device's turn at the limited bandwidth is not forgotten with its last connection: it would only have to come anew.
void PanRelay::leave(const store::PairingId& peer) {
  const auto at = devices_.find(peer);
  if (--at->second.connections == 0 && !at->second.up) devices_.erase(at);
}

}  // namespace cpns::pngw
