#include "pngw/pan_relay.hpp"

#include <algorithm>

#include "core/assign/wire.hpp"
#include "core/stream/relay_message.hpp"
#include "tls/client_hello.hpp"

namespace cpns::pngw {

using runtime::Task;

namespace {

bool holds(const std::vector<stream::NodeId>& path, const stream::NodeId& node) {
  return std::find(path.begin(), path.end(), node) != path.end();
}

}  // namespace

void PanRelay::stop() {
  for (const auto& [number, weak] : std::map(links_)) {
    if (const auto link = weak.lock()) link->abort();
  }
}

Result<stream::RelayOpen> PanRelay::check(stream::RelayOpen request, const store::PairingId& peer) const {
  // Only what the pairing says about the device counts, never what it says itself.
  CPNS_TRY(const auto known, pairings_.find_peer(peer));
  if (!known) return Error{Code::pan_identity_refused, peer.hex(), "a paired device"};
  const auto upstream = upstream_.path();
  for (const auto& node : request.path) {
    if (node == node_id_ || holds(upstream, node)) {
      return Error{Code::relay_loop, node.hex(), "a path that does not come back here [X10]"};
    }
  }
  if (request.path.size() > stream::kMaxHops) {
    return Error{Code::relay_too_long, std::to_string(request.path.size()) + " hops",
                 "at most " + std::to_string(stream::kMaxHops)};
  }
  // Whatever the path says: it comes from the device, and a longer one must not let it speak for another.
  request.pne_name = known->device_name;
  request.pairing_id = stream::PairingRef(peer.bytes());
  request.path.push_back(node_id_);
  return request;
}

Task<Result<void>> PanRelay::let_hello_through(std::shared_ptr<runtime::ByteStream> from,
                                               std::shared_ptr<runtime::ByteStream> to) {
  Bytes bytes(tls::kMaxClientHello);
  std::size_t have = 0;
  auto verdict = tls::HelloVerdict::Incomplete;
  while (verdict == tls::HelloVerdict::Incomplete) {
    const auto room = std::span<std::uint8_t>(bytes).subspan(have);
    if (room.empty()) break;
    const auto got = co_await from->read_some(room, limits_.first_message);
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

Task<Result<void>> PanRelay::carry(Link link, store::PairingId peer, runtime::SpliceLimits limits) {
  runtime::MessageLink messages(link);
  const std::optional<std::chrono::milliseconds> patience = limits_.first_message;
  auto raw = co_await messages.receive(patience);
  if (!raw) co_return std::move(raw).error();
  if (raw->empty()) co_return Result<void>{};
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
  const auto ready = stream::encode_relay_message({message->correlation_id, stream::RelayReady{std::move(path)}});
  auto sent = co_await messages.send(ByteView(ready));
  const auto pipe = opened->pipe;
  const std::shared_ptr<runtime::ByteStream> device = std::make_shared<runtime::LinkStream>(link);
  if (sent && limits_.only_cpns && kind == stream::RelayOpen::Kind::EndToEnd) {
    sent = co_await let_hello_through(device, pipe);
  }
  if (!sent) {
    pipe->abort();
    co_return sent;
  }
  const auto begun = std::chrono::steady_clock::now();
  const std::string_view kind_name = kind == stream::RelayOpen::Kind::EndToEnd ? "end-to-end" : "pne";
  log_.event(Code::relay_opened, {{"pairing_id", peer.hex()}, {"kind", kind_name}, {"remote", link->remote()}});
  const auto done = co_await runtime::splice(device, pipe, limits);
  pipe->abort();
  const auto lasted = std::chrono::steady_clock::now() - begun;
  log_.event(Code::relay_closed,
             {{"pairing_id", peer.hex()},
              {"kind", kind_name},
              {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(lasted).count()},
              {"bytes_up", done.there},
              {"bytes_down", done.back}});
  co_return Result<void>{};
}

Task<Result<void>> PanRelay::serve(Link link, store::PairingId peer) {
  Result<void> done;
  auto& device = devices_[peer];
  if (!limits_.enabled) {
    done = Error{Code::relay_is_off, "a connection to carry", "[relay] enabled = true"};
  } else if (device.connections >= limits_.connections) {
    done = Error{Code::relay_limit_reached, std::to_string(device.connections), "fewer"};
  } else {
    if (limits_.bytes_per_second > 0 && !device.up) {
      device.up = std::make_shared<runtime::Pace>(limits_.bytes_per_second);
      device.down = std::make_shared<runtime::Pace>(limits_.bytes_per_second);
    }
    ++device.connections;
    ++carried_;
    const auto number = next_link_++;
    links_[number] = link;
    const runtime::SpliceLimits limits{limits_.idle, device.up, device.down, true};
    done = co_await carry(link, peer, limits);
    links_.erase(number);
    --carried_;
    const auto at = devices_.find(peer);
    if (--at->second.connections == 0) devices_.erase(at);
  }
  if (!done && done.error().error_class() != MessageClass::Transport) {
    const ids::CorrelationId nobody(std::array<std::uint8_t, ids::CorrelationId::kSize>{});
    runtime::MessageLink messages(link);
    const auto alert = assign::encode_public(nobody, assign::Alert{});
    (void)co_await messages.send(ByteView(alert));
  }
  co_return done;
}

}  // namespace cpns::pngw
