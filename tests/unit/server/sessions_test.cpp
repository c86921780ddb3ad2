// Whose session a token opens, how many there may be, and what ends them [X6, X8, V1].

#include "server/sessions.hpp"

#include <gtest/gtest.h>

#include <boost/asio/local/connect_pair.hpp>

#include "runtime/system_random.hpp"
#include "store/memory/server_memory.hpp"

namespace cpns::server {
namespace {

namespace asio = runtime::asio;
using carrier::Carrier;
using runtime::Task;
using std::chrono::milliseconds;

const ids::PnGwId kAlice = *ids::PnGwId::parse("sip:alice@ims.example.net");
VerifiedDevice device(std::uint8_t n) { return {ids::CmDeviceId(std::array<std::uint8_t, 16>{n}), kAlice}; }

class SessionsTest : public testing::Test {
 protected:
  struct Client {
    std::shared_ptr<Carrier> carrier;
    std::shared_ptr<runtime::ByteStream> end;
    std::optional<bool> resumed;
    bool ended = false;
  };

  SessionsTest() {
    settings.session.per_caller = 2;
    settings.operator_link.relays_per_gateway = 2;
    settings.session.limits.resume = std::chrono::seconds(120);
    settings.direct_link.ping = std::chrono::seconds(30);
  }
  ~SessionsTest() override {
    clients.clear();
    sessions.close_all();
    loop.restart();
    loop.run_for(milliseconds(50));
  }
  /// A new client process of `caller`; with the carrier of another one it brings that one's token.
  std::shared_ptr<Client> connect(Caller caller, std::shared_ptr<Carrier> carrier = nullptr) {
    asio::local::stream_protocol::socket a(loop);
    asio::local::stream_protocol::socket b(loop);
    asio::local::connect_pair(a, b);
    const auto client = std::make_shared<Client>();
    client->end = std::make_shared<runtime::SocketStream>(std::move(a));
    if (!carrier) {
      carrier = std::make_shared<Carrier>(loop.get_executor(), stream::Side::Device, stream::Limits{}, std::nullopt,
                                          kRun, Carrier::Hooks{}, log);
    }
    client->carrier = std::move(carrier);
    asio::co_spawn(loop, run_client(client, ++links), asio::detached);
    asio::co_spawn(loop, serve(this, std::make_shared<runtime::SocketStream>(std::move(b)), std::move(caller), client),
                   asio::detached);
    clients.push_back(client);
    EXPECT_TRUE(until([&] { return client->carrier->round_trip(links).has_value() && client->carrier->token(); }));
    return client;
  }
  bool until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < end) loop.run_one_for(milliseconds(20));
    return done();
  }
  static Task<void> wait_for_answer(std::shared_ptr<carrier::CarriedStream> stream,
                                    std::shared_ptr<std::optional<Result<void>>> into) {
    into->emplace(co_await stream->accepted());
  }

 private:
  static Task<void> run_client(std::shared_ptr<Client> client, stream::LinkNumber number) {
    const auto carrier = client->carrier;
    const carrier::LinkTimes times;
    (void)co_await carrier->run_link(client->end, number, times, true);
    client->ended = true;
    client->end->abort();
  }
  static Task<void> serve(SessionsTest* self, std::shared_ptr<runtime::ByteStream> link, Caller caller,
                          std::shared_ptr<Client> client) {
    Bytes message(4);
    for (const bool body : {false, true}) {
      if (body) message.resize((std::size_t{message[2]} << 8U) | message[3]);
      for (std::size_t have = 0; have < message.size();) {
        const auto room = std::span<std::uint8_t>(message).subspan(have);
        const auto got = co_await link->read_some(room, milliseconds(10'000));
        if (!got || *got == 0) co_return;
        have += *got;
      }
    }
    auto frame = stream::parse_frame(message);
    if (!frame) co_return;
    auto open = std::get<stream::SessionOpen>(*frame);
    client->resumed = open.resume_token.has_value();
    (void)co_await self->sessions.serve(link, std::move(caller), kRun, std::move(open));
    link->abort();
  }

 protected:
  static inline const ids::CorrelationId kRun{{1, 2, 3, 4, 5, 6, 7, 8}};
  asio::io_context loop{1};
  runtime::SystemRandom random;
  runtime::Log log{runtime::LogOptions{}};
  store::Sealer sealer{secret::MasterKey::make([](auto) {})};
  store::memory::ServerMemory memory{sealer, random};
  assign::AliasKeys alias_keys{0, {}};
  assign::ServerPolicy policy;
  ids::ServerId server_id = *ids::ServerId::parse("cpns.example.net");
  IdentityFilter identities{random};
  crypto::PortableKeyExchange key_exchange;
  Context context{server_id, memory.devices(), memory.gateways(), sealer, alias_keys, policy, random,
                  log,       identities,       key_exchange};
  Settings settings{.server_id = server_id,
                    .operator_link = {},
                    .direct_link = {},
                    .session = {},
                    .http = {},
                    .services = {},
                    .quota = {}};
  HttpProxy proxy{server_id, {}, {}, log};
  Tasks tasks{loop.get_executor()};
  Sessions sessions{context, settings, proxy, tasks};
  std::vector<std::shared_ptr<Client>> clients;
  stream::LinkNumber links = 0;
};

TEST_F(SessionsTest, when_a_device_comes_back_with_its_token_then_its_session_goes_on) {
  const auto first = connect(device(1));
  const auto token = first->carrier->token();
  first->end->abort();
  ASSERT_TRUE(until([&] { return first->ended; }));
  const auto second = connect(device(1), first->carrier);
  EXPECT_EQ(*second->resumed, true);
  EXPECT_EQ(second->carrier->token(), token);
  EXPECT_EQ(sessions.count(), 1U);
}

TEST_F(SessionsTest, when_a_token_is_another_callers_then_it_gets_a_new_session_X6) {
  const auto owner = connect(device(1));
  const auto token = owner->carrier->token();
  owner->end->abort();
  ASSERT_TRUE(until([&] { return owner->ended; }));
  for (const Caller& thief :
       {Caller(device(2)), Caller(VerifiedPne{kAlice, stream::PairingRef{{1}}, *ids::DeviceName::parse("x"), {}}),
        Caller(VerifiedPne{kAlice, stream::PairingRef{{1}}, *ids::DeviceName::parse("x"), device(1).cm_device_id})}) {
    const auto client = connect(thief, owner->carrier);
    EXPECT_EQ(*client->resumed, true) << "it has offered the stolen token";
    EXPECT_NE(client->carrier->token(), token) << text_of(thief);
    client->end->abort();
    ASSERT_TRUE(until([&] { return client->ended; }));
  }
}

TEST_F(SessionsTest, when_a_device_is_revoked_then_its_sessions_end_and_those_that_it_carries) {
  const auto own = connect(device(1));
  const auto other = connect(device(2));
  const auto carried =
      connect(VerifiedPne{kAlice, stream::PairingRef{{1}}, *ids::DeviceName::parse("x"), device(1).cm_device_id});
  ASSERT_EQ(sessions.count(), 3U);
  EXPECT_EQ(sessions.end_of(device(1).cm_device_id), 2U);
  EXPECT_TRUE(until([&] { return own->ended && carried->ended; }));
  EXPECT_FALSE(other->ended);
  EXPECT_EQ(sessions.count(), 1U);
}

TEST_F(SessionsTest, when_a_caller_has_one_session_too_many_then_the_oldest_ends) {
  const auto first = connect(device(1));
  const auto second = connect(device(1));
  const auto stranger = connect(device(2));
  const auto third = connect(device(1));
  EXPECT_TRUE(until([&] { return first->ended; }));
  EXPECT_FALSE(second->ended);
  EXPECT_FALSE(stranger->ended);
  EXPECT_EQ(sessions.count(), 3U);
}

TEST_F(SessionsTest, when_one_vouches_for_ever_new_pnes_then_the_oldest_unused_session_of_them_ends_X8) {
  const auto named = [](std::uint8_t n, std::optional<ids::CmDeviceId> via) {
    return VerifiedPne{kAlice, stream::PairingRef{{n}}, *ids::DeviceName::parse("x"), std::move(via)};
  };
  const auto in_use = connect(named(1, {}));
  const auto waiting = connect(named(2, {}));
  waiting->end->abort();
  ASSERT_TRUE(until([&] { return waiting->ended; }));
  const auto behind_a_device = connect(named(3, device(1).cm_device_id));
  const auto own_device = connect(device(1));
  for (std::uint8_t n = 10; n < 20; ++n) {
    const auto more = connect(named(n, {}));
    more->end->abort();
    ASSERT_TRUE(until([&] { return more->ended; }));
  }
  EXPECT_EQ(sessions.count(), 6U) << "four that the PN GW vouches for, and two that it does not";
  EXPECT_FALSE(in_use->ended) << "it is the oldest, but has a link";
  EXPECT_FALSE(behind_a_device->ended);
  EXPECT_FALSE(own_device->ended);
}

TEST_F(SessionsTest, when_the_path_of_a_pne_is_too_long_or_a_circle_then_its_stream_is_refused_X10) {
  std::vector<std::shared_ptr<runtime::ByteStream>> carried;  // kept: what nobody holds is ended
  sessions.set_on_relay(
      [&](std::shared_ptr<runtime::ByteStream> pipe, VerifiedDevice, stream::RelayOpen) -> Task<void> {
        carried.push_back(std::move(pipe));
        co_return;
      });
  const auto client = connect(device(1));
  const auto asks = [&](std::vector<std::uint8_t> path) {
    stream::RelayOpen open{stream::RelayOpen::Kind::EndToEnd, {}, {}, {}};
    for (const auto n : path) open.path.push_back(stream::NodeId{{n}});
    auto opened = client->carrier->open(std::move(open));
    EXPECT_TRUE(opened.ok());
    const auto answer = std::make_shared<std::optional<Result<void>>>();
    asio::co_spawn(loop, wait_for_answer(*opened, answer), asio::detached);
    EXPECT_TRUE(until([&] { return answer->has_value(); }));
    return (*answer)->ok();
  };
  EXPECT_TRUE(asks({1, 2}));
  EXPECT_TRUE(asks({1, 2, 3, 4, 5})) << "a PNE and four PN GWs";
  EXPECT_FALSE(asks({1})) << "no PN GW";
  EXPECT_FALSE(asks({1, 2, 3, 2}));
  EXPECT_FALSE(asks({1, 2, 1}));
  EXPECT_EQ(carried.size(), 2U);
}

}  // namespace
}  // namespace cpns::server
