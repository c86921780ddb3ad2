// Pairing a device with a real gateway, with crashes at every save of the device.

#include "device/pair.hpp"

#include "integration/device/stores.hpp"
#include "integration/gateway/raw_device.hpp"

namespace cpns::test {
namespace {

using When = CrashingStore::When;

device::PairLimits quick() {
  device::PairLimits limits;
  limits.first_pause = std::chrono::milliseconds(10);
  limits.longest_pause = std::chrono::milliseconds(50);
  limits.patience = std::chrono::seconds(20);
  return limits;
}

pngw::PairingCode copy_of(const pngw::PairingCode& code) {
  return {code.pairing_id, code.secret.duplicate(), code.endpoints};
}

runtime::Task<void> pair_into(const device::Context* context, device::PairLimits limits,
                              std::shared_ptr<std::optional<Result<void>>> result) {
  result->emplace(co_await device::pair(*context, *ids::DeviceName::parse("tablet"), limits));
}

struct Device {
  explicit Device(PanWorld& w) : world(w), context{{w.folder / "device"}, store, w.random, w.log, {}} {
    EXPECT_TRUE(context.folder.prepare().ok());
  }

  Result<void> pair(const pngw::PairingCode& code, device::PairLimits limits = quick()) {
    CPNS_CHECK(device::take_code(store, copy_of(code)));
    return go_on(limits);
  }
  Result<void> go_on(device::PairLimits limits = quick()) {
    const auto result = std::make_shared<std::optional<Result<void>>>();
    runtime::asio::co_spawn(world.loop, pair_into(&context, limits, result), runtime::asio::detached);
    if (!world.until([&] { return result->has_value(); }, std::chrono::seconds(30)))
      return Error{Code::handshake_timed_out};
    return std::move(**result);
  }

  PanWorld& world;
  CrashingStore store;
  device::Context context;
};

TEST(Pair, when_all_goes_well_then_the_credential_is_stored_and_the_code_is_forgotten) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  Device device(world);
  const auto paired = device.pair(world.open_code());
  ASSERT_TRUE(paired.ok()) << to_text(paired.error());
  const auto record = *device.store.load();
  ASSERT_TRUE(record.credential.has_value());
  EXPECT_EQ(record.credential->server_id, FakeServer::server_id());
  EXPECT_FALSE(record.gateway->secret.has_value());
  EXPECT_TRUE(record.gateway->pan_psk.has_value());
  EXPECT_FALSE(world.credential_waits());
  EXPECT_EQ(world.logged(Code::receipt_not_acknowledged), 0U);
  EXPECT_FALSE(*device::take_code(
      device.store,
      pngw::PairingCode{record.gateway->pairing_id, secret::PairingSecret::make([](auto) {}), world.pan_endpoints()}))
      << "the same code again: it is complete";
}

TEST(Pair, when_another_device_uses_the_code_afterwards_then_it_is_refused) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  const auto code = world.open_code();
  Device first(world);
  ASSERT_TRUE(first.pair(code).ok());
  Device second(world);
  const auto refused = second.pair(code);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::pairing_refused);
}

TEST(Pair, when_nobody_answers_then_it_says_so_in_time) {
  PanWorld world;
  auto code = world.open_code();
  code.endpoints = {*ids::Endpoint::parse("127.0.0.1:1")};
  Device device(world);
  auto limits = quick();
  limits.patience = std::chrono::milliseconds(200);
  const auto failed = device.pair(code, limits);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::gateway_unreachable);
}

TEST(Pair, when_the_first_endpoint_does_not_answer_then_the_next_one_is_used) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  auto code = world.open_code();
  code.endpoints.insert(code.endpoints.begin(), *ids::Endpoint::parse("127.0.0.1:1"));
  Device device(world);
  EXPECT_TRUE(device.pair(code).ok());
}

TEST(Pair, when_the_operator_link_comes_up_late_then_the_device_tries_again) {
  PanWorld world;
  world.server.go_down();
  ASSERT_TRUE(world.until([&] { return !world.operator_link().up(); }));
  Device device(world);
  world.server.come_back();
  auto limits = quick();
  limits.alerts = 100;
  EXPECT_TRUE(device.pair(world.open_code(), limits).ok());
}

struct Crash {
  When when;
  int save;
  bool gateway_too;
};

class PairCrash : public testing::TestWithParam<Crash> {};

TEST_P(PairCrash, when_the_device_crashes_then_the_same_code_goes_on_and_no_other_device_can_use_it) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  const auto code = world.open_code();
  Device device(world);
  device.store.crash(GetParam().when, GetParam().save);
  EXPECT_FALSE(device.pair(code).ok());
  ASSERT_TRUE(device.store.crashed());
  device.store.recover();
  if (GetParam().gateway_too) {
    world.restart_gateway();
    ASSERT_TRUE(world.connected());
    // The port is another one after this test's restart; a real gateway keeps its own.
    auto record = *device.store.load();
    if (record.gateway) {
      record.gateway->endpoints = world.pan_endpoints();
      ASSERT_TRUE(device.store.save(record).ok());
    }
  }
  pngw::PairingCode again = copy_of(code);
  again.endpoints = world.pan_endpoints();
  ASSERT_TRUE(device::take_code(device.store, copy_of(again)).ok());
  const auto complete = *device.store.load();
  if (device::is_unfinished(complete)) {
    const auto done = device.go_on();
    ASSERT_TRUE(done.ok()) << to_text(done.error());
  }
  const auto record = *device.store.load();
  ASSERT_TRUE(record.credential.has_value());
  EXPECT_FALSE(record.gateway->secret.has_value());
  const auto devices = world.server.devices();
  EXPECT_TRUE(std::any_of(devices.begin(), devices.end(),
                          [&](const auto& one) { return one.cm_device_id == record.credential->cm_device_id; }));
  Device thief(world);
  const auto refused = thief.pair(again);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::pairing_refused);
}

// Saves: 1 the code, 2 the key of later links, 3 the credential.
INSTANTIATE_TEST_SUITE_P(AtEachSave, PairCrash,
                         testing::Values(Crash{When::BeforeSave, 1, false}, Crash{When::AfterSave, 1, false},
                                         Crash{When::BeforeSave, 2, false}, Crash{When::AfterSave, 2, false},
                                         Crash{When::BeforeSave, 3, false}, Crash{When::AfterSave, 3, false},
                                         Crash{When::AfterSave, 1, true}, Crash{When::BeforeSave, 2, true},
                                         Crash{When::AfterSave, 2, true}, Crash{When::BeforeSave, 3, true},
                                         Crash{When::AfterSave, 3, true}));

TEST(Pair, when_a_paired_device_is_paired_anew_then_its_old_credential_stays_until_the_new_one_is_there) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  Device device(world);
  ASSERT_TRUE(device.pair(world.open_code()).ok());
  const auto old_id = (*device.store.load()).credential->cm_device_id;
  auto bad = world.open_code();
  bad.secret = secret::PairingSecret::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{3}); });
  EXPECT_FALSE(device.pair(bad).ok());
  EXPECT_EQ((*device.store.load()).credential->cm_device_id, old_id);
  EXPECT_TRUE(device::is_unfinished(*device.store.load()));
  ASSERT_TRUE(device.pair(world.open_code()).ok());
  EXPECT_NE((*device.store.load()).credential->cm_device_id, old_id);
  EXPECT_FALSE(device::is_unfinished(*device.store.load()));
}

}  // namespace
}  // namespace cpns::test
