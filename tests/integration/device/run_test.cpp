// `cpns-device run` against a Server on loopback: steps 12-16, aliases, pings, and links that end.

#include "device/run_device.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/assign/key_schedule.hpp"
#include "core/assign/link_session.hpp"
#include "core/assign/return_within.hpp"
#include "core/stream/frame.hpp"
#include "integration/device/fake_peers.hpp"
#include "integration/device/stores.hpp"

namespace cpns::test {
namespace {

using assign::LinkSession;
using assign::Role;
using runtime::Task;

std::string name_of(ByteView raw) {
  if (stream::is_frame(raw)) return std::string(stream::frame_name(*stream::parse_frame(raw)));
  return std::string(assign::message_name(assign::parse(raw)->body));
}

/// What the Server's end of cpns/1 does.
struct ServerEnd {
  assign::Credential credential;
  Role role = Role::CpnsServer;
  std::optional<ids::IdentityAlias> alias{};
  std::optional<Bytes> ping{};
  bool end_after_hello = false;
  std::vector<std::string> heard{};

  [[nodiscard]] bool has_heard(const std::string& name) const {
    return std::find(heard.begin(), heard.end(), name) != heard.end();
  }
};

Task<void> serve(std::shared_ptr<runtime::SecureLink> link, ServerEnd* end) {
  runtime::MessageLink messages(link);
  const ids::CorrelationId run({9, 9, 9, 9, 9, 9, 9, 9});
  const auto hello = assign::send_link_hello(end->role, end->credential.server_id, end->credential.cm_device_id, run);
  (void)co_await messages.send(ByteView(hello));
  auto first = co_await messages.receive();
  if (!first || first->empty()) co_return;
  end->heard.push_back(name_of(first->view()));
  if (end->alias) {
    const auto update = assign::encode_public(run, assign::AliasUpdate{*end->alias});
    (void)co_await messages.send(ByteView(update));
  }
  if (end->ping) {
    const auto ping = assign::encode_public(run, assign::Ping{*end->ping});
    (void)co_await messages.send(ByteView(ping));
  }
  if (end->end_after_hello) {
    co_await link->shutdown();
    co_return;
  }
  while (true) {
    auto more = co_await messages.receive();
    if (!more || more->empty()) break;
    end->heard.push_back(name_of(more->view()));
  }
}

struct Bench : DeviceBench {
  Bench() : server(loop, log, {"cpns/1", "http/1.1"}), end{some_credential(server.endpoint())} {
    server.know(end.credential.identity_alias.text(),
                assign::derive_tls_psk(end.credential.cm_device_key, end.credential.server_id));
    server.serve = [this](std::shared_ptr<runtime::SecureLink> link) { return serve(std::move(link), &end); };
    store::DeviceRecord record;
    record.credential = end.credential.duplicate();
    EXPECT_TRUE(store.save(record).ok());
    EXPECT_TRUE(context.folder.prepare().ok());
    config.policy.first_pause = std::chrono::milliseconds(10);
    config.policy.longest_pause = std::chrono::milliseconds(20);
  }
  ~Bench() {
    if (runner) runner->stop();
    (void)until([this] { return !runner || result->has_value(); }, std::chrono::seconds(5));
  }
  static Task<void> drive(device::DeviceRunner* which, std::shared_ptr<std::optional<Result<void>>> into) {
    into->emplace(co_await which->run({}));
  }
  void start() {
    runner = std::make_unique<device::DeviceRunner>(loop.get_executor(), context, config, no_pairings, limits);
    runtime::asio::co_spawn(loop, drive(runner.get(), result), runtime::asio::detached);
  }

  FakePeer server;
  ServerEnd end;
  CrashingStore store;
  device::Context context{{folder / "device"}, store, random, log, {}};
  device::RunLimits limits;
  device::DeviceConfig config;
  device::PanModule::OpenPairings no_pairings;
  std::unique_ptr<device::DeviceRunner> runner;
  std::shared_ptr<std::optional<Result<void>>> result = std::make_shared<std::optional<Result<void>>>();
};

TEST(RunDevice, when_the_server_is_the_right_one_then_the_link_opens_and_steps_14_and_16_are_logged) {
  Bench bench;
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.logged(Code::direct_link_ready) == 1; }));
  EXPECT_EQ(bench.end.heard.front(), "LinkHello");
  EXPECT_EQ(bench.logged(Code::step_done), 2U);
  EXPECT_EQ(bench.server.last_identity(), bench.end.credential.identity_alias.text());
}

TEST(RunDevice, when_an_alias_comes_then_it_is_stored_and_offered_next_time) {
  Bench bench;
  bench.end.alias = some_alias('z');
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.logged(Code::identity_alias_stored) == 1; }));
  EXPECT_EQ((*bench.store.load()).credential->identity_alias, some_alias('z'));
  bench.runner->stop();
  ASSERT_TRUE(bench.until([&] { return bench.result->has_value(); }));
  bench.result->reset();
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.server.last_identity() == some_alias('z').text(); }));
}

TEST(RunDevice, when_an_unfinished_pairing_has_no_name_then_it_is_tried_under_another_and_its_failure_ends_the_run) {
  Bench bench;
  store::DeviceRecord record;
  auto secret = secret::PairingSecret::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{3}); });
  record.gateway = store::PairedGateway{
      store::PairingId({7, 7, 7, 7, 7, 7, 7, 7}), std::move(secret), {}, {bench.server.endpoint()}, false};
  ASSERT_TRUE(bench.store.save(record).ok());
  bench.limits.pair.refusals = 1;
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.result->has_value(); }));
  ASSERT_FALSE((*bench.result)->ok());
  EXPECT_EQ((*bench.result)->error().code, Code::pairing_refused);
}

TEST(RunDevice, it_opens_a_session_right_after_link_hello) {
  Bench bench;
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.end.heard.size() >= 2; }));
  EXPECT_EQ(bench.end.heard[1], "SessionOpen");
}

TEST(RunDevice, when_the_server_pings_then_the_device_answers) {
  Bench bench;
  bench.end.ping = Bytes{1, 2, 3};
  bench.start();
  EXPECT_TRUE(bench.until([&] { return bench.end.has_heard("Pong"); }));
}

TEST(RunDevice, when_the_server_says_when_to_come_back_then_the_device_answers_and_keeps_it) {
  Bench bench;
  bench.end.ping = assign::return_within_payload(std::chrono::seconds(40));
  bench.start();
  EXPECT_TRUE(bench.until([&] { return bench.end.has_heard("Pong"); }));
  EXPECT_TRUE(bench.until([&] { return bench.context.folder.load_return_within() == std::chrono::seconds(40); }));
}

TEST(RunDevice, when_a_connection_is_ended_before_its_handshake_then_the_device_was_turned_away) {
  Bench bench;
  auto closing = runtime::Listener::open(bench.loop.get_executor(), "127.0.0.1", 0);
  ASSERT_TRUE(closing.ok());
  runtime::Listener::OnConnection close = [](runtime::asio::ip::tcp::socket) {};
  runtime::asio::co_spawn(bench.loop, closing->run("closing", bench.log, close), runtime::asio::detached);
  auto record = *bench.store.load();
  record.credential->endpoints = {*ids::Endpoint::parse(closing->address())};
  ASSERT_TRUE(bench.store.save(record).ok());
  bench.start();
  EXPECT_TRUE(bench.until([&] { return bench.logged(Code::server_turned_away) >= 1; }));
  EXPECT_EQ(bench.logged(Code::direct_link_refused), 0U);
  closing->stop();
}

TEST(RunDevice, when_the_link_is_silent_then_the_device_pings) {
  Bench bench;
  bench.limits.links.times = {std::chrono::milliseconds(50), std::chrono::milliseconds(50), 2};
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.end.has_heard("Ping"); }));
  EXPECT_TRUE(bench.until([&] { return bench.server.links() >= 2; })) << "no Pong: the link is taken for dead";
}

TEST(RunDevice, when_link_hello_comes_from_another_role_then_the_link_is_refused) {
  Bench bench;
  bench.end.role = Role::CmDevice;
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.logged(Code::link_hello_differs) >= 1; }));
  EXPECT_EQ(bench.logged(Code::direct_link_ready), 0U);
}

TEST(RunDevice, when_link_hello_names_another_device_then_the_link_is_refused) {
  Bench bench;
  bench.end.credential.cm_device_id = ids::CmDeviceId({});
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.logged(Code::link_hello_differs) >= 1; }));
}

TEST(RunDevice, when_the_link_ends_then_it_is_opened_again) {
  Bench bench;
  bench.end.end_after_hello = true;
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.server.links() >= 3; }));
}

TEST(RunDevice, when_the_server_refuses_then_the_device_says_so_and_keeps_trying) {
  Bench bench;
  bench.server.forget();
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.logged(Code::direct_link_refused) >= 2; }));
  EXPECT_FALSE(bench.result->has_value());
}

TEST(RunDevice, when_the_key_has_expired_then_it_ends_and_says_so) {
  Bench bench;
  auto record = *bench.store.load();
  record.credential->expires_at = ids::UnixTime(std::chrono::seconds(1));
  ASSERT_TRUE(bench.store.save(record).ok());
  bench.start();
  ASSERT_TRUE(bench.until([&] { return bench.result->has_value(); }));
  ASSERT_FALSE((*bench.result)->ok());
  EXPECT_EQ((*bench.result)->error().code, Code::credential_expired);
}

}  // namespace
}  // namespace cpns::test
