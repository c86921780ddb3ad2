// What a refusal at step 1 tells the PN GW and the device: nothing, but for a full quota [S7].

#include <gtest/gtest.h>

#include "core/assign/device_session.hpp"
#include "core/assign/gateway_session.hpp"
#include "core/assign/server_session.hpp"
#include "walk.hpp"

namespace cpns::test {
namespace {

const Now kNow{ids::UnixTime(std::chrono::seconds(1'800'000'000)), std::chrono::milliseconds(1)};
const ids::CorrelationId kRun{{1, 2, 3, 4, 5, 6, 7, 8}};

/// The only message among the actions.
template <class Send, class Action>
Bytes only_message(const std::vector<Action>& actions) {
  Bytes found;
  int count = 0;
  for (const auto& action : actions) {
    if (const auto* send = std::get_if<Send>(&action)) {
      const auto view = ByteView(send->message.data(), send->message.size());
      found.assign(view.begin(), view.end());
      ++count;
    }
  }
  EXPECT_EQ(count, 1);
  return found;
}
Bytes only_message_to_device(const std::vector<GatewaySession::Action>& actions) {
  for (const auto& action : actions) {
    if (const auto* send = std::get_if<GatewaySession::SendToDevice>(&action)) {
      const auto view = send->message.view();
      return {view.begin(), view.end()};
    }
  }
  return {};
}

/// Steps 0 and 1 between a device, its PN GW and a Server whose store refuses with an error.
struct Refusal {
  explicit Refusal(const Error& error) {
    CountingRandom random;
    const World world(Plan{});
    const Ends ends{world.server_id, world.pn_gw_id, kRun};
    DeviceSession device(kRun, *ids::DeviceName::parse("tablet"), {"pne"}, kNow);
    GatewaySession gateway(ends, random, kNow);
    const ServerPolicy policy{std::chrono::seconds(300), std::chrono::hours(24), std::chrono::hours(24), {}};
    crypto::PortableKeyExchange exchange;
    ServerSession server(ends, policy, world.alias_keys, exchange, random, kNow);

    const auto asked = only_message<DeviceSession::SendToGateway>(device.start().actions);
    const auto step_0 =
        only_message<GatewaySession::SendToServer>(gateway.on_device_message(parse(asked).value(), kNow).actions);
    EXPECT_FALSE(server.on_message(parse(step_0).value(), step_0, kNow).refusal);
    to_gateway = only_message<ServerSession::Send>(server.on_save_failed(error).actions);
    auto passed_on = gateway.on_server_message(parse(to_gateway).value(), to_gateway, kNow);
    EXPECT_TRUE(passed_on.refusal);
    at_gateway = passed_on.refusal->code;
    to_device = only_message_to_device(passed_on.actions);
    const auto heard = device.on_message(parse(to_device).value(), kNow);
    EXPECT_TRUE(heard.refusal);
    at_device = heard.refusal->code;
    EXPECT_TRUE(heard.actions.empty()) << "an Alert is never answered";
  }
  Bytes to_gateway, to_device;
  Code at_gateway{}, at_device{};
};

TEST(RefusalOfStep1, when_the_quota_is_full_then_the_pn_gw_and_the_device_hear_that_and_no_number_S7) {
  const Refusal refusal({Code::device_quota_reached, "7 devices and 3 pending", "fewer than 10 together"});
  EXPECT_EQ(refusal.at_gateway, Code::device_quota_reached);
  EXPECT_EQ(refusal.at_device, Code::device_quota_reached);
  const auto only = encode_public(kRun, Alert{Alert::Reason::DeviceQuota});
  EXPECT_EQ(refusal.to_gateway, only);
  EXPECT_EQ(refusal.to_device, only);
}

TEST(RefusalOfStep1, when_it_is_refused_for_anything_else_then_both_get_the_one_plain_alert_S8) {
  const auto plain = alert(kRun);
  for (const auto code : {Code::too_many_pending, Code::gateway_is_revoked, Code::store_write_failed,
                          Code::store_row_exists, Code::store_overloaded}) {
    const Refusal refusal({code, "got", "expected"});
    EXPECT_EQ(refusal.at_gateway, Code::peer_refused);
    EXPECT_EQ(refusal.at_device, Code::peer_refused);
    EXPECT_EQ(refusal.to_gateway, plain);
    EXPECT_EQ(refusal.to_device, plain);
  }
}

}  // namespace
}  // namespace cpns::test
