// Peers that fall silent after each byte: of the ClientHello, of the second flight, of a request.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "core/assign/key_schedule.hpp"
#include "faults/cases.hpp"
#include "support/deadline.hpp"
#include "tls/engine.hpp"

namespace cpns::faults {
namespace {

using std::chrono::seconds;

constexpr std::string_view kRequest = "GET /hello HTTP/1.1\r\nHost: hello\r\n\r\n";
/// handshake_seconds and head_seconds are 10 by default; after the handshake a first request may take
/// keep_alive_seconds, which are 60.
constexpr auto kLongest = seconds(80);
constexpr std::size_t kAtOnce = 150;

class Peer {
 public:
  explicit Peer(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{5, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  Peer(Peer&& other) noexcept : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  Peer& operator=(Peer&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(connected_, other.connected_);
    return *this;
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    if (socket_ >= 0) ::close(socket_);
  }
  [[nodiscard]] bool connected() const { return connected_; }
  void send(ByteView bytes) { (void)!::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  [[nodiscard]] Bytes receive() {
    Bytes buffer(4096);
    const auto got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    buffer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return buffer;
  }
  /// The other end has closed; what it has sent before is read away.
  [[nodiscard]] bool closed() {
    Bytes buffer(4096);
    for (;;) {
      const auto got = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got == 0) return true;
      if (got < 0) return errno != EAGAIN && errno != EINTR;
    }
  }

 private:
  int socket_;
  bool connected_ = false;
};

Bytes all_output(tls::Engine& engine) {
  Bytes out(16'384);
  out.resize(engine.take_output(out));
  return out;
}

/// What one client sends, up to a byte; the number of bytes there would be in all comes back, 0 where it failed.
class Client {
 public:
  explicit Client(const assign::Credential& credential) : credential_(credential) {}

  std::size_t stall_after(Peer& peer, std::size_t bytes) const {
    tls::PskOffer offer{credential_.cm_device_id.text(),
                        assign::derive_tls_psk(credential_.cm_device_key, credential_.server_id),
                        {"http/1.1"}};
    auto engine = tls::make_psk_client(std::move(offer));
    if (!engine || !(*engine)->start()) return 0;
    const auto hello = all_output(**engine);
    peer.send(ByteView(hello).first(std::min(bytes, hello.size())));
    if (bytes < hello.size()) return kNotKnown;
    while ((*engine)->state() != tls::EngineState::Open) {
      const auto got = peer.receive();
      if (got.empty() || !(*engine)->feed(got)) return 0;
    }
    if (!(*engine)->write(as_bytes(kRequest))) return 0;
    const auto rest = all_output(**engine);
    peer.send(ByteView(rest).first(std::min(bytes - hello.size(), rest.size())));
    return hello.size() + rest.size();
  }
  static constexpr std::size_t kNotKnown = static_cast<std::size_t>(-1);

 private:
  const assign::Credential& credential_;
};

std::uint16_t port_of(const std::string& endpoint) {
  return static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
}

}  // namespace

Result<CaseResult> stalling_peers(const CaseOptions& options) {
  CaseResult result{.fault = "a peer that falls silent at a byte"};
  CPNS_TRY(const auto scene, Scene::make(options));
  CPNS_TRY(const auto probe, scene->good_device());
  const Client client(probe.credential);
  const auto port = port_of(scene->world().direct_link().endpoint());
  std::size_t all = 0;
  {
    Peer whole(port);
    all = client.stall_after(whole, 100'000);
  }
  if (all == 0) return Error{Code::program_ended_early, "a handshake that failed", "one that is complete"};
  // The last byte is none: then the request is whole.
  std::vector<std::size_t> places(all);
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::shuffle(places, scene->random());
  if (options.times > 0 && options.times < places.size()) places.resize(options.times);

  for (std::size_t from = 0; from < places.size(); from += kAtOnce) {
    const auto to = std::min(from + kAtOnce, places.size());
    // Anew for each batch: the request below may renew a key.
    CPNS_TRY(const auto now, scene->good_device());
    const Client with_key(now.credential);
    std::vector<std::pair<std::size_t, Peer>> peers;
    for (auto i = from; i < to; ++i) {
      Peer peer(port);
      if (!peer.connected() || with_key.stall_after(peer, places[i]) == 0) {
        result.lost.push_back("no connection at byte " + std::to_string(places[i]));
        continue;
      }
      peers.emplace_back(places[i], std::move(peer));
    }
    if (!test::eventually([&] { return scene->request(); }, seconds(10))) {
      result.lost.emplace_back("a device was not served beside silent ones");
    }
    (void)test::eventually(
        [&] {
          std::erase_if(peers, [](auto& one) { return one.second.closed(); });
          return peers.empty();
        },
        kLongest);
    for (const auto& [byte, peer] : peers) {
      result.lost.push_back("a peer silent after byte " + std::to_string(byte) + " was kept for ever");
    }
    result.times += to - from;
  }
  for (const auto& one : scene->what_is_lost()) result.lost.push_back("silent peers: " + one);
  result.note = "of " + std::to_string(all) + " bytes: ClientHello, second flight, request";
  return result;
}

}  // namespace cpns::faults
