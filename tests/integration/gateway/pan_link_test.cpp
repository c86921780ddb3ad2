// The PAN link's side: who is let in, what a code is good for, what a device can get wrong.

#include "core/assign/key_schedule.hpp"
#include "integration/gateway/raw_device.hpp"

namespace cpns::test {
namespace {

using assign::Alert;
using assign::CredentialReceipt;
using assign::CredentialTransfer;
using pngw::PanIdentityKind;

bool is_alert(const std::optional<assign::Message>& message) {
  return message && std::holds_alternative<Alert>(message->body);
}
const CredentialTransfer* transfer_in(const std::optional<assign::Message>& message) {
  return message ? std::get_if<CredentialTransfer>(&message->body) : nullptr;
}

TEST(PanLink, when_a_device_asks_with_its_code_then_it_gets_the_credential_and_the_copy_goes) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  device.ask();
  const auto message = device.receive();
  const auto* transfer = transfer_in(message);
  ASSERT_NE(transfer, nullptr);
  EXPECT_EQ(transfer->credential.pn_gw_id, test_pn_gw_id());
  EXPECT_TRUE(world.credential_waits());
  device.send(CredentialReceipt{transfer->credential.cm_device_id});
  EXPECT_FALSE(device.receive().has_value()) << "the link closes when the sealed copy is gone";
  EXPECT_FALSE(world.credential_waits());
  ASSERT_EQ(world.server.devices().size(), 1U);
  EXPECT_EQ(world.server.devices().front().cm_device_id, transfer->credential.cm_device_id);
  EXPECT_EQ(world.logged(Code::step_done), 5U) << "steps 2, 3, 6, 7 and 10";
}

TEST(PanLink, when_a_code_was_used_then_a_second_device_is_refused_by_the_handshake) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  const auto code = world.open_code();
  RawDevice first(world);
  ASSERT_TRUE(first.connect_by_code(code).ok());
  first.ask();
  ASSERT_NE(transfer_in(first.receive()), nullptr);
  RawDevice second(world);
  const auto refused = second.connect_by_code(code);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::tls_peer_alert);
}

TEST(PanLink, when_two_devices_connect_with_one_code_then_the_newer_link_counts_and_one_gets_it) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  const auto code = world.open_code();
  RawDevice first(world);
  RawDevice second(world);
  ASSERT_TRUE(first.connect_by_code(code).ok());
  ASSERT_TRUE(second.connect_by_code(code).ok());
  second.ask();
  EXPECT_NE(transfer_in(second.receive()), nullptr);
  EXPECT_FALSE(first.receive().has_value());
  EXPECT_EQ(world.server.devices().size(), 1U);
}

TEST(PanLink, when_identity_or_key_are_not_good_then_all_refusals_look_the_same) {
  PanWorld world;
  const auto code = world.open_code();
  const auto expired = world.open_code(std::chrono::minutes(11));
  auto wrong_secret = secret::PairingSecret::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{1}); });
  auto key = [&] { return assign::derive_pan_psk(wrong_secret, code.pairing_id.bytes()); };
  const store::PairingId stranger({1, 1, 1, 1, 1, 1, 1, 1});
  RawDevice device(world);
  std::vector<Result<void>> refusals;
  refusals.push_back(device.connect(PanIdentityKind::Pair, code.pairing_id, key()));
  refusals.push_back(device.connect(PanIdentityKind::Pan, code.pairing_id, key()));
  refusals.push_back(device.connect(PanIdentityKind::Pair, stranger, key()));
  refusals.push_back(device.connect(PanIdentityKind::Pan, stranger, key()));
  refusals.push_back(device.connect_by_code(expired));
  for (const auto& refusal : refusals) {
    ASSERT_FALSE(refusal.ok());
    EXPECT_EQ(refusal.error().code, refusals.front().error().code);
    EXPECT_EQ(refusal.error().got, refusals.front().error().got);
  }
  EXPECT_TRUE(device.connect_by_code(code).ok()) << "failed attempts do not use a code up";
}

TEST(PanLink, when_the_first_message_is_not_one_then_an_alert_answers_and_the_code_stays_open) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  const auto code = world.open_code();
  const std::vector<Bytes> broken = {{0xff, 0xff, 0xff}, Bytes(60000, 0x00), {0x0a}, {0x0a, 0x08, 1, 2, 3}};
  for (const auto& bytes : broken) {
    RawDevice device(world);
    ASSERT_TRUE(device.connect_by_code(code).ok());
    device.send_raw(bytes);
    EXPECT_TRUE(is_alert(device.receive()));
    EXPECT_FALSE(device.receive().has_value());
  }
  for (const bool receipt : {true, false}) {
    RawDevice device(world);
    ASSERT_TRUE(device.connect_by_code(code).ok());
    if (receipt) {
      device.send(CredentialReceipt{ids::CmDeviceId({})});
    } else {
      device.send(assign::KeySeedRequest{{}, {}, *ids::DeviceName::parse("tablet"), {}});
    }
    EXPECT_TRUE(is_alert(device.receive()));
  }
  EXPECT_TRUE(world.peers().empty());
  RawDevice device(world);
  EXPECT_TRUE(device.connect_by_code(code).ok());
}

TEST(PanLink, when_the_receipt_names_another_device_then_it_is_refused_and_the_credential_stays) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  device.ask();
  ASSERT_NE(transfer_in(device.receive()), nullptr);
  device.send(CredentialReceipt{ids::CmDeviceId({})});
  EXPECT_TRUE(is_alert(device.receive()));
  EXPECT_TRUE(world.credential_waits());
}

TEST(PanLink, when_the_receipt_never_comes_then_the_run_ends_and_the_next_link_gets_the_same_credential) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  device.ask();
  const auto first = device.receive();
  ASSERT_NE(transfer_in(first), nullptr);
  world.clock_ahead = std::chrono::seconds(121);
  EXPECT_TRUE(is_alert(device.receive()));
  EXPECT_TRUE(world.credential_waits());

  ASSERT_TRUE(device.connect_again().ok());
  device.ask();
  const auto again = device.receive();
  ASSERT_NE(transfer_in(again), nullptr);
  EXPECT_EQ(transfer_in(again)->credential.cm_device_id, transfer_in(first)->credential.cm_device_id);
  EXPECT_TRUE(transfer_in(again)->credential.cm_device_key.equals(transfer_in(first)->credential.cm_device_key));
  device.send(CredentialReceipt{transfer_in(again)->credential.cm_device_id});
  EXPECT_FALSE(device.receive().has_value());
  EXPECT_FALSE(world.credential_waits());
  EXPECT_EQ(world.server.devices().size(), 1U);
}

TEST(PanLink, when_the_gateway_starts_again_then_a_waiting_credential_is_delivered_without_the_server) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  device.ask();
  const auto first = device.receive();
  ASSERT_NE(transfer_in(first), nullptr);
  device.drop();
  world.restart_gateway();
  world.server.go_down();
  ASSERT_TRUE(device.connect_again().ok());
  device.ask();
  const auto again = device.receive();
  ASSERT_NE(transfer_in(again), nullptr);
  EXPECT_EQ(transfer_in(again)->credential.cm_device_id, transfer_in(first)->credential.cm_device_id);
}

TEST(PanLink, when_ten_devices_ask_at_once_then_each_gets_its_own_credential) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  std::vector<std::unique_ptr<RawDevice>> devices;
  for (int i = 0; i < 10; ++i) {
    devices.push_back(std::make_unique<RawDevice>(world));
    ASSERT_TRUE(devices.back()->connect_by_code(world.open_code()).ok());
  }
  for (auto& device : devices) device->ask();
  std::vector<ids::CmDeviceId> got;
  for (auto& device : devices) {
    const auto message = device->receive();
    ASSERT_NE(transfer_in(message), nullptr);
    got.push_back(transfer_in(message)->credential.cm_device_id);
  }
  std::sort(got.begin(), got.end());
  EXPECT_EQ(std::unique(got.begin(), got.end()), got.end());
}

TEST(PanLink, when_strangers_hold_many_half_open_connections_then_a_device_still_gets_through) {
  pngw::PanLimits limits;
  limits.half_open = 8;
  PanWorld world(limits);
  ASSERT_TRUE(world.connected());
  const auto endpoint = world.pan_endpoints().front();
  std::vector<runtime::asio::ip::tcp::socket> strangers;
  for (int i = 0; i < 100; ++i) {
    strangers.emplace_back(world.loop);
    strangers.back().connect({runtime::asio::ip::make_address(endpoint.host()), endpoint.port()});
    ASSERT_TRUE(world.until([&] { return world.service().half_open_links() > 0; }));
    EXPECT_LE(world.service().half_open_links(), limits.half_open);
  }
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  device.ask();
  EXPECT_NE(transfer_in(device.receive()), nullptr);
  EXPECT_LE(world.service().half_open_links(), limits.half_open);
}

TEST(PanLink, when_a_handshake_takes_too_long_then_the_connection_ends) {
  pngw::PanLimits limits;
  limits.handshake = std::chrono::milliseconds(100);
  PanWorld world(limits);
  const auto endpoint = world.pan_endpoints().front();
  runtime::asio::ip::tcp::socket silent(world.loop);
  silent.connect({runtime::asio::ip::make_address(endpoint.host()), endpoint.port()});
  ASSERT_TRUE(world.until([&] { return world.logged(Code::handshake_timed_out) == 1; }));
  EXPECT_EQ(world.service().half_open_links(), 0U);
}

TEST(PanLink, when_a_device_opens_a_newer_link_then_the_older_one_ends) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  device.ask();
  ASSERT_NE(transfer_in(device.receive()), nullptr);
  ASSERT_TRUE(device.connect_again().ok());
  EXPECT_EQ(world.service().open_links(), 1U);
}

}  // namespace
}  // namespace cpns::test
