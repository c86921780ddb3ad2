// Links lost and messages spoilt at each step between PN GW and Server.

#include "integration/gateway/raw_device.hpp"

namespace cpns::test {
namespace {

using assign::CredentialReceipt;
using assign::CredentialTransfer;
using assign::MessageKind;

std::size_t active_devices(FakeServer& server) {
  std::size_t count = 0;
  for (const auto& device : server.devices()) count += device.state == store::DeviceState::Active ? 1 : 0;
  return count;
}

/// Asks until a credential comes, as a device does after each Alert.
std::optional<assign::Credential> ask_until_served(PanWorld& world, RawDevice& device) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    device.ask();
    auto message = device.receive();
    if (message && std::holds_alternative<CredentialTransfer>(message->body)) {
      auto credential = std::get<CredentialTransfer>(std::move(message->body)).credential.duplicate();
      device.send(CredentialReceipt{credential.cm_device_id});
      EXPECT_FALSE(device.receive().has_value());
      return credential;
    }
    EXPECT_TRUE(world.connected());
    if (!device.connect_again()) return std::nullopt;
  }
  return std::nullopt;
}

struct Case {
  MessageKind kind;
  Fault fault;
  bool same_run;  ///< the run itself survives [S5]
};

class OperatorLinkFault : public testing::TestWithParam<Case> {};

TEST_P(OperatorLinkFault, when_it_happens_then_the_device_is_told_and_gets_its_credential_in_the_end) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  world.server.fault_at(GetParam().kind, GetParam().fault);
  const auto credential = ask_until_served(world, device);
  ASSERT_TRUE(credential.has_value());
  EXPECT_FALSE(world.credential_waits());
  // A run that was given up leaves no pending assignment behind.
  ASSERT_TRUE(world.until([&] { return world.server.devices().size() == active_devices(world.server); }));
  const auto devices = world.server.devices();
  EXPECT_TRUE(std::any_of(devices.begin(), devices.end(),
                          [&](const auto& one) { return one.cm_device_id == credential->cm_device_id; }));
  if (GetParam().same_run) {
    EXPECT_EQ(devices.size(), 1U);
    EXPECT_EQ(world.logged(Code::link_lost_in_run), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, OperatorLinkFault,
                         testing::Values(Case{MessageKind::KeySeedRequest, Fault::CloseBefore, false},
                                         Case{MessageKind::KeySeedRequest, Fault::CloseAfter, false},
                                         Case{MessageKind::KeySeedRequest, Fault::Garble, false},
                                         Case{MessageKind::KeySeedRequest, Fault::Refuse, false},
                                         Case{MessageKind::CmDeviceIdReport, Fault::CloseBefore, false},
                                         Case{MessageKind::CmDeviceIdReport, Fault::CloseAfter, false},
                                         Case{MessageKind::CmDeviceIdReport, Fault::Garble, false},
                                         Case{MessageKind::CmDeviceIdReport, Fault::Refuse, false},
                                         Case{MessageKind::GatewayConfirm, Fault::CloseBefore, false},
                                         Case{MessageKind::GatewayConfirm, Fault::CloseAfter, true},
                                         Case{MessageKind::GatewayConfirm, Fault::Garble, false},
                                         Case{MessageKind::GatewayConfirm, Fault::Refuse, false}));

TEST(OperatorLink, when_it_is_down_then_a_device_gets_an_alert_and_later_its_credential) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  world.server.go_down();
  ASSERT_TRUE(world.until([&] { return !world.operator_link().up(); }));
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  device.ask();
  const auto refused = device.receive();
  ASSERT_TRUE(refused.has_value());
  EXPECT_TRUE(std::holds_alternative<assign::Alert>(refused->body));
  EXPECT_EQ(world.logged(Code::operator_link_is_down), 1U);
  world.server.come_back();
  ASSERT_TRUE(world.connected());
  ASSERT_TRUE(device.connect_again().ok());
  EXPECT_TRUE(ask_until_served(world, device).has_value());
}

TEST(OperatorLink, when_the_server_is_silent_then_the_run_ends_in_its_time_and_the_link_is_opened_anew) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  bool seen = false;
  world.server.on_message = [&](MessageKind kind) { seen = seen || kind == MessageKind::KeySeedRequest; };
  world.server.fault_at(MessageKind::KeySeedRequest, Fault::Silence);
  device.ask();
  ASSERT_TRUE(world.until([&] { return seen; }));
  world.clock_ahead = std::chrono::seconds(31);
  const auto refused = device.receive();
  ASSERT_TRUE(refused.has_value());
  EXPECT_TRUE(std::holds_alternative<assign::Alert>(refused->body));
  EXPECT_EQ(world.logged(Code::assignment_timed_out), 1U);
  ASSERT_TRUE(world.until([&] { return world.logged(Code::operator_link_up) == 2; }));
}

class PanLinkLost : public testing::TestWithParam<MessageKind> {};

TEST_P(PanLinkLost, when_the_pan_link_is_lost_then_nothing_is_left_over_or_the_credential_waits) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  bool lost = false;
  world.server.on_message = [&](MessageKind kind) {
    if (kind == GetParam() && !lost) {
      lost = true;
      device.drop();
    }
  };
  device.ask();
  ASSERT_TRUE(world.until([&] { return lost && world.service().runs() == 0; }));
  if (active_devices(world.server) == 1) {
    EXPECT_TRUE(world.credential_waits()) << "an active assignment whose key is lost would help nobody [G2]";
    const auto seen = world.server.messages_seen();
    ASSERT_TRUE(device.connect_again().ok());
    EXPECT_TRUE(ask_until_served(world, device).has_value());
    EXPECT_EQ(world.server.messages_seen(), seen) << "step 11 at once, without the Server";
  } else {
    ASSERT_TRUE(world.until([&] { return world.server.devices().empty(); }));
    ASSERT_TRUE(device.connect_again().ok());
    EXPECT_TRUE(ask_until_served(world, device).has_value());
  }
  EXPECT_EQ(active_devices(world.server), 1U);
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, PanLinkLost,
                         testing::Values(MessageKind::KeySeedRequest, MessageKind::CmDeviceIdReport,
                                         MessageKind::GatewayConfirm));

TEST(OperatorLink, when_the_device_comes_back_while_its_run_awaits_step_10_then_it_waits_for_that_run) {
  PanWorld world;
  ASSERT_TRUE(world.connected());
  RawDevice device(world);
  ASSERT_TRUE(device.connect_by_code(world.open_code()).ok());
  world.server.fault_at(MessageKind::GatewayConfirm, Fault::CloseAfter);
  bool down = false;
  world.server.on_message = [&](MessageKind kind) { down = down || kind == MessageKind::GatewayConfirm; };
  device.ask();
  ASSERT_TRUE(world.until([&] { return down; }));
  world.server.on_message = nullptr;
  device.drop();
  ASSERT_TRUE(device.connect_again().ok());
  EXPECT_TRUE(ask_until_served(world, device).has_value());
  EXPECT_EQ(world.server.devices().size(), 1U);
}

}  // namespace
}  // namespace cpns::test
