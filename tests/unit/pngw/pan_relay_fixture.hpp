#pragma once
// A PN GW's relay with a fake Server behind it and a device before it, whose bytes can be listened to.

#include "pngw/pan_relay.hpp"

#include <gtest/gtest.h>

#include <boost/asio/local/connect_pair.hpp>

#include "pngw/operator_relay.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "store/memory/memory_pairing_store.hpp"
#include "store/sync.hpp"

namespace cpns::pngw::test {

namespace asio = runtime::asio;
using runtime::Task;
using std::chrono::milliseconds;

inline secret::TlsPsk key() {
  return secret::TlsPsk::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{5}); });
}
inline stream::NodeId node(std::uint8_t n) { return stream::NodeId{{n}}; }

/// Keeps what it is asked to carry, and gives the other end of it to the test.
class FakeUpstream final : public RelayUpstream {
 public:
  explicit FakeUpstream(asio::io_context& loop) : loop_(loop) {}
  Task<Result<Opened>> open(stream::RelayOpen request) override {
    asked.push_back(std::move(request));
    asio::local::stream_protocol::socket a(loop_);
    asio::local::stream_protocol::socket b(loop_);
    asio::local::connect_pair(a, b);
    server = servers.emplace_back(std::make_shared<runtime::SocketStream>(std::move(b)));
    co_return Opened{std::make_shared<runtime::SocketStream>(std::move(a)), upstream, {}};
  }
  [[nodiscard]] std::vector<stream::NodeId> path() const override { return upstream; }
  [[nodiscard]] std::vector<stream::NodeId> standing_path() const override { return standing; }

  std::vector<stream::RelayOpen> asked;
  std::vector<stream::NodeId> upstream;
  std::vector<stream::NodeId> standing;
  std::vector<std::shared_ptr<runtime::ByteStream>> servers;
  std::shared_ptr<runtime::ByteStream> server;  ///< the last of them

 private:
  asio::io_context& loop_;
};

/// Keeps what is written to it as a listener would see it.
class TappedStream final : public runtime::ByteStream {
 public:
  TappedStream(asio::local::stream_protocol::socket socket, std::string* seen)
      : inner_(std::move(socket)), seen_(seen) {}
  Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit) override {
    co_return co_await inner_.read_some(out, limit);
  }
  Task<Result<void>> write(ByteView bytes) override {
    *seen_ += as_text(bytes);
    co_return co_await inner_.write(bytes);
  }
  void finish_writing() override { inner_.finish_writing(); }
  void abort() override { inner_.abort(); }
  [[nodiscard]] std::string remote() const override { return inner_.remote(); }
  [[nodiscard]] asio::any_io_executor executor() override { return inner_.executor(); }

 private:
  runtime::SocketStream inner_;
  std::string* seen_;
};

class PanRelayTest : public testing::Test {
 protected:
  using Opened = Result<RelayUpstream::Opened>;

  PanRelayTest() {
    tls::PskServerProfile profile;
    profile.alpn = {std::string(kPanRelayAlpn)};
    factory = std::move(*tls::make_psk_server_factory(profile));
    const auto now = runtime::now();
    store::Pairing open{peer, secret::PairingSecret::make([](auto) {}), now, now + std::chrono::minutes(1)};
    EXPECT_TRUE(
        store::wait_for_done([&](store::Done done) { pairings.open_pairing(std::move(open), std::move(done)); }).ok());
    store::PanPeer known{peer, *ids::DeviceName::parse("camera"), key(), now};
    EXPECT_TRUE(
        store::wait_for_done([&](store::Done done) { pairings.claim(std::move(known), std::move(done)); }).ok());
  }
  ~PanRelayTest() override {
    relay().stop();
    loop.restart();
    loop.run_for(milliseconds(50));
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(loop, keep(std::move(task), &result), asio::detached);
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return result ? std::move(*result) : T(Error{Code::peer_too_slow});
  }
  bool until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < end) loop.run_one_for(milliseconds(20));
    return done();
  }
  Opened ask(stream::RelayOpen request) {
    asio::local::stream_protocol::socket a(loop);
    asio::local::stream_protocol::socket b(loop);
    asio::local::connect_pair(a, b);
    const auto gateway = std::make_shared<runtime::SecureLink>(
        runtime::over_stream(std::make_shared<runtime::SocketStream>(std::move(b))), std::move(*factory->make()));
    asio::co_spawn(loop, serve(this, gateway), asio::detached);
    auto engine = tls::make_psk_client({"device", key(), {std::string(kPanRelayAlpn)}});
    device = std::make_shared<runtime::SecureLink>(
        runtime::over_stream(std::make_shared<TappedStream>(std::move(a), &on_the_pan)), std::move(*engine));
    return run(dial(device, std::move(request)));
  }
  static RelayLimits limits_with(bool only_cpns) {
    RelayLimits limits;
    limits.connections = 2;
    limits.after_end = milliseconds(200);
    limits.only_cpns = only_cpns;
    return limits;
  }
  static stream::RelayOpen request(std::vector<stream::NodeId> path) {
    return {stream::RelayOpen::Kind::EndToEnd, {}, {}, std::move(path)};
  }
  static Task<Result<std::size_t>> send_and_read(std::shared_ptr<runtime::ByteStream> to, std::string text,
                                                 std::shared_ptr<runtime::ByteStream> from, Bytes* into) {
    auto sent = co_await to->write(as_bytes(text));
    if (!sent) co_return std::move(sent).error();
    const auto room = std::span<std::uint8_t>(*into);
    co_return co_await from->read_some(room, milliseconds(5000));
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>* into) {
    into->emplace(co_await std::move(task));
  }
  static Task<std::optional<secret::TlsPsk>> find() { co_return key(); }
  static Task<void> serve(PanRelayTest* self, std::shared_ptr<runtime::SecureLink> link) {
    runtime::SecureLink::KeyLookup lookup = [](std::string) { return find(); };
    if (!co_await link->handshake(milliseconds(5000), std::move(lookup))) co_return;
    const auto peer = self->peer;
    auto done = co_await self->relay().serve(link, peer);
    if (!done) self->refusal = done.error();
    co_await link->shutdown();
    ++self->over;
  }
  static Task<Opened> dial(std::shared_ptr<runtime::SecureLink> link, stream::RelayOpen request) {
    runtime::SecureLink::KeyLookup none;
    auto shaken = co_await link->handshake(milliseconds(5000), std::move(none));
    if (!shaken) co_return std::move(shaken).error();
    const ids::CorrelationId run{{1, 2, 3, 4, 5, 6, 7, 8}};
    co_return co_await ask_for_relay(link, run, std::move(request), milliseconds(5000));
  }

 protected:
  asio::io_context loop{1};
  runtime::SystemRandom random;
  runtime::Log log{runtime::LogOptions{}};
  store::Sealer sealer{secret::MasterKey::make([](auto) {})};
  store::memory::MemoryPairingStore pairings{sealer, random};
  const store::PairingId peer{{7, 7}};
  FakeUpstream upstream{loop};
  std::unique_ptr<tls::EngineFactory> factory;
  std::optional<PanRelay> made{std::in_place, pairings, upstream, node(100), log, limits_with(false)};
  [[nodiscard]] PanRelay& relay() { return *made; }
  std::shared_ptr<runtime::SecureLink> device;
  std::string on_the_pan;  ///< what the last of them wrote, as a listener sees it
  std::optional<Error> refusal;
  int over = 0;
};

}  // namespace cpns::pngw::test
