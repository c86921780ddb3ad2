// What a PN GW carries for its devices and what it refuses [X10].

#include "pngw/pan_relay.hpp"

#include <gtest/gtest.h>

#include <boost/asio/local/connect_pair.hpp>

#include "pngw/operator_relay.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "store/memory/memory_pairing_store.hpp"
#include "store/sync.hpp"

namespace cpns::pngw {
namespace {

namespace asio = runtime::asio;
using runtime::Task;
using std::chrono::milliseconds;

secret::TlsPsk key() {
  return secret::TlsPsk::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{5}); });
}
stream::NodeId node(std::uint8_t n) { return stream::NodeId{{n}}; }

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
    co_return Opened{std::make_shared<runtime::SocketStream>(std::move(a)), upstream};
  }
  [[nodiscard]] std::vector<stream::NodeId> path() const override { return upstream; }

  std::vector<stream::RelayOpen> asked;
  std::vector<stream::NodeId> upstream;
  std::vector<std::shared_ptr<runtime::ByteStream>> servers;
  std::shared_ptr<runtime::ByteStream> server;  ///< the last of them

 private:
  asio::io_context& loop_;
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
        runtime::over_stream(std::make_shared<runtime::SocketStream>(std::move(a))), std::move(*engine));
    return run(dial(device, std::move(request)));
  }
  static RelayLimits limits_with(bool only_cpns) { return {true, 2, 0, std::chrono::seconds(60), only_cpns}; }
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
  std::optional<Error> refusal;
  int over = 0;
};

TEST_F(PanRelayTest, bytes_go_through_and_the_first_pn_gw_says_whose_they_are) {
  auto claimed = request({node(1)});
  claimed.pne_name = *ids::DeviceName::parse("somebody-else");
  const auto opened = ask(std::move(claimed));
  ASSERT_TRUE(opened.ok()) << to_text(opened.error());
  EXPECT_EQ(opened->path, std::vector{node(100)});
  ASSERT_EQ(upstream.asked.size(), 1U);
  EXPECT_EQ(upstream.asked[0].pne_name->text(), "camera") << "what the pairing says, not what the device does";
  EXPECT_EQ(upstream.asked[0].path, (std::vector{node(1), node(100)}));
  Bytes got(100);
  const auto size = run(send_and_read(opened->pipe, "hello", upstream.server, &got));
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(as_text(ByteView(got).first(*size)), "hello");
}

TEST_F(PanRelayTest, when_a_device_pretends_to_pass_on_anothers_connection_then_it_is_still_named_by_its_own_pairing) {
  auto claimed = request({node(1), node(2)});
  claimed.kind = stream::RelayOpen::Kind::Pne;
  claimed.pne_name = *ids::DeviceName::parse("somebody-else");
  claimed.pairing_id = stream::PairingRef{{9, 9}};  // no secret: it stands in clear in every handshake on the PAN
  const auto opened = ask(std::move(claimed));
  ASSERT_TRUE(opened.ok()) << to_text(opened.error());
  ASSERT_EQ(upstream.asked.size(), 1U);
  EXPECT_EQ(upstream.asked[0].pne_name->text(), "camera");
  EXPECT_EQ(upstream.asked[0].pairing_id->hex(), stream::PairingRef(peer.bytes()).hex());
}

TEST_F(PanRelayTest, when_its_own_node_is_on_the_path_then_it_refuses_the_circle_X10) {
  EXPECT_FALSE(ask(request({node(1), node(100)})).ok());
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_loop);
  EXPECT_TRUE(upstream.asked.empty());
}

TEST_F(PanRelayTest, when_the_device_itself_carries_this_pn_gw_then_it_refuses_the_circle_X10) {
  upstream.upstream = {node(50), node(1)};
  EXPECT_FALSE(ask(request({node(1)})).ok());
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_loop);
}

TEST_F(PanRelayTest, when_too_many_pn_gws_stand_in_a_row_then_it_refuses_X10) {
  EXPECT_FALSE(ask(request({node(1), node(2), node(3), node(4), node(5)})).ok());
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_too_long);
}

TEST_F(PanRelayTest, when_a_device_has_its_share_of_connections_then_one_more_is_refused) {
  const auto first = ask(request({node(1)}));
  const auto first_link = device;
  const auto second = ask(request({node(1)}));
  const auto second_link = device;
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(ask(request({node(1)})).ok());
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_limit_reached);
  first_link->abort();
  ASSERT_TRUE(until([&] { return relay().carried() == 1; }));
  EXPECT_TRUE(ask(request({node(1)})).ok());
}

TEST_F(PanRelayTest, when_only_cpns_is_carried_then_another_protocol_ends_the_connection) {
  made.emplace(pairings, upstream, node(100), log, limits_with(true));
  const auto opened = ask(request({node(1)}));
  ASSERT_TRUE(opened.ok());
  Bytes got(100);
  const auto size = run(send_and_read(opened->pipe, "GET / HTTP/1.1\r\n\r\n", upstream.server, &got));
  EXPECT_TRUE(!size.ok() || *size == 0) << "the Server has seen it";
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_not_cpns);
}

TEST_F(PanRelayTest, when_the_server_ends_then_the_device_hears_it) {
  const auto opened = ask(request({node(1)}));
  ASSERT_TRUE(opened.ok());
  upstream.server->abort();
  EXPECT_TRUE(until([&] { return over == 1; }));
  EXPECT_EQ(relay().carried(), 0U);
}

}  // namespace
}  // namespace cpns::pngw
