// A PN GW that is broken or hostile: what a device takes from it, and what not.

#include <gtest/gtest.h>
#include "core/assign/key_schedule.hpp"
#include "core/assign/session.hpp"
#include "device/pair.hpp"
#include "integration/device/fake_peers.hpp"
#include "integration/device/stores.hpp"
#include "pngw/pan_identity.hpp"

namespace cpns::test {
namespace {

using runtime::Task;

/// What the gateway answers to an ActivationRequest, and what the device said to that.
struct Answer {
  std::function<Bytes(const assign::Message& request)> make;
  std::vector<std::string> heard;
};

Bytes bytes_of(const secret::SecretBuffer& buffer) {
  const auto view = buffer.view();
  return {view.begin(), view.end()};
}

Task<void> answer(std::shared_ptr<runtime::SecureLink> link, Answer* with) {
  runtime::MessageLink messages(link);
  auto request = co_await messages.receive();
  if (!request || request->empty()) co_return;
  auto message = *assign::parse(request->view());
  const auto reply = with->make(message);
  (void)co_await messages.send(ByteView(reply));
  while (true) {
    auto more = co_await messages.receive();
    if (!more || more->empty()) break;
    const auto said = assign::parse(more->view());
    with->heard.emplace_back(said ? assign::message_name(said->body) : "nonsense");
    if (with->heard.back() == "CredentialReceipt") break;
  }
  co_await link->shutdown();
}

struct Bench : DeviceBench {
  Bench() : gateway(loop, log, {std::string(pngw::kPanAlpn)}) {
    gateway.know(pngw::to_text({pngw::PanIdentityKind::Pair, id}), assign::derive_pan_psk(secret(), id.bytes()));
    gateway.serve = [this](std::shared_ptr<runtime::SecureLink> link) { return answer(std::move(link), &reply); };
  }
  static secret::PairingSecret secret() {
    return secret::PairingSecret::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{8}); });
  }
  static device::PairLimits one_attempt() {
    device::PairLimits limits;
    limits.refusals = 1;
    limits.alerts = 1;
    limits.patience = std::chrono::milliseconds(0);
    return limits;
  }
  static Task<void> run(const device::Context* context, device::PairLimits limits,
                        std::shared_ptr<std::optional<Result<void>>> result) {
    result->emplace(co_await device::pair(*context, *ids::DeviceName::parse("tablet"), limits));
  }
  Result<void> pair() {
    const device::Context context{{folder / "device"}, store, random, log, {}};
    CPNS_CHECK(context.folder.prepare());
    CPNS_CHECK(device::take_code(store, {id, secret(), {gateway.endpoint()}}));
    const auto result = std::make_shared<std::optional<Result<void>>>();
    runtime::asio::co_spawn(loop, run(&context, limits, result), runtime::asio::detached);
    EXPECT_TRUE(until([&] { return result->has_value(); }));
    // What the device said last may still be on its way; where it says nothing this is the time it gets.
    (void)until([&] { return !reply.heard.empty(); }, std::chrono::milliseconds(300));
    return std::move(**result);
  }
  [[nodiscard]] bool has_credential() { return (*store.load()).credential.has_value(); }

  store::PairingId id{{1, 2, 3, 4, 5, 6, 7, 8}};
  FakePeer gateway;
  Answer reply;
  CrashingStore store;
  device::PairLimits limits = one_attempt();
};

Bytes good_transfer(const assign::Message& request) {
  return bytes_of(assign::encode(
      {request.correlation_id, assign::CredentialTransfer{some_credential(*ids::Endpoint::parse("127.0.0.1:7443"))}}));
}

TEST(BadGateway, when_the_transfer_is_good_then_it_is_taken) {
  Bench bench;
  bench.reply.make = good_transfer;
  const auto done = bench.pair();
  ASSERT_TRUE(done.ok()) << to_text(done.error());
  EXPECT_TRUE(bench.has_credential());
  EXPECT_EQ(bench.reply.heard, std::vector<std::string>{"CredentialReceipt"});
}

TEST(BadGateway, when_the_transfer_is_cut_anywhere_then_it_is_refused_with_an_alert) {
  for (const std::size_t keep : {1U, 5U, 12U, 40U, 90U, 150U}) {
    Bench bench;
    bench.reply.make = [keep](const assign::Message& request) {
      auto bytes = good_transfer(request);
      bytes.resize(std::min(bytes.size() - 1, keep));
      return bytes;
    };
    EXPECT_FALSE(bench.pair().ok()) << keep;
    EXPECT_FALSE(bench.has_credential()) << keep;
    ASSERT_EQ(bench.reply.heard.size(), 1U) << keep;
    EXPECT_EQ(bench.reply.heard.front(), "Alert") << keep;
  }
}

TEST(BadGateway, when_the_transfer_stands_under_another_run_then_it_is_refused) {
  Bench bench;
  bench.reply.make = [](const assign::Message& request) {
    auto other = request.correlation_id.bytes();
    other[0] ^= 1U;
    return good_transfer({ids::CorrelationId(other), assign::Alert{}});
  };
  const auto done = bench.pair();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::correlation_id_differs);
  EXPECT_FALSE(bench.has_credential());
}

TEST(BadGateway, when_another_message_comes_instead_then_it_is_refused) {
  const std::vector<std::function<assign::Body()>> others = {
      [] { return assign::Body(assign::CredentialReceipt{ids::CmDeviceId({})}); },
      [] {
        return assign::Body(assign::ActivationRequest{*ids::DeviceName::parse("x"), {}});
      },
      [] { return assign::Body(assign::AliasUpdate{some_alias('b')}); },
      [] { return assign::Body(assign::Ping{{}}); },
  };
  for (const auto& other : others) {
    Bench bench;
    bench.reply.make = [&other](const assign::Message& request) {
      return bytes_of(assign::encode({request.correlation_id, other()}));
    };
    const auto done = bench.pair();
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, Code::message_not_next);
    EXPECT_FALSE(bench.has_credential());
  }
}

TEST(BadGateway, when_it_answers_with_an_alert_then_the_device_says_that_the_gateway_refused) {
  Bench bench;
  bench.reply.make = [](const assign::Message& request) { return assign::alert(request.correlation_id); };
  const auto done = bench.pair();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::assignment_refused);
  EXPECT_TRUE(bench.reply.heard.empty()) << "an Alert is never answered by another";
}

TEST(BadGateway, when_it_says_that_its_quota_is_full_then_the_device_ends_at_once_and_its_pairing_stays_S7) {
  Bench bench;
  bench.limits.alerts = 100;
  bench.limits.patience = std::chrono::minutes(10);
  bench.reply.make = [](const assign::Message& request) {
    return assign::encode_public(request.correlation_id, assign::Alert{assign::Alert::Reason::DeviceQuota});
  };
  const auto done = bench.pair();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::gateway_has_its_quota);
  EXPECT_EQ(bench.gateway.links(), 1U) << "another attempt would hear the same";
  const auto record = bench.store.load();
  ASSERT_TRUE(record.ok());
  EXPECT_TRUE(device::is_unfinished(*record)) << "the same command goes on once there is room";
}

TEST(BadGateway, when_the_device_can_not_store_the_credential_then_no_receipt_leaves) {
  Bench bench;
  bench.reply.make = [&bench](const assign::Message& request) {
    bench.store.crash(CrashingStore::When::BeforeSave, 1);
    return good_transfer(request);
  };
  EXPECT_FALSE(bench.pair().ok());
  EXPECT_EQ(bench.reply.heard, std::vector<std::string>{"Alert"});
  bench.store.recover();
  EXPECT_FALSE(bench.has_credential());
}

TEST(BadGateway, when_the_gateway_does_not_know_the_code_then_pairing_is_refused) {
  Bench bench;
  bench.gateway.forget();
  const auto done = bench.pair();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::pairing_refused);
}

}  // namespace
}  // namespace cpns::test
