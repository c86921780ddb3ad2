#include "pngw/pan_address.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "gateway/gateway_folder.hpp"
#include "support/temp_dir.hpp"

namespace cpns::gateway {
namespace {

TEST(PanAddress, a_named_address_is_what_devices_are_told) {
  EXPECT_EQ(pngw::reachable_endpoints("127.0.0.1", 50)->front().text(), "127.0.0.1:50");
  EXPECT_EQ(pngw::reachable_endpoints("::1", 50)->front().text(), "[::1]:50");
  EXPECT_EQ(pngw::reachable_endpoints("gw.example.net", 50)->front().text(), "gw.example.net:50");
}

TEST(PanAddress, any_address_stands_for_those_of_the_machine) {
  const auto endpoints = pngw::reachable_endpoints("0.0.0.0", 50);
  ASSERT_TRUE(endpoints.ok());
  EXPECT_GE(endpoints->size(), 1U);
  EXPECT_LE(endpoints->size(), 4U);
  for (const auto& endpoint : *endpoints) {
    EXPECT_NE(endpoint.host(), "0.0.0.0");
    EXPECT_EQ(endpoint.port(), 50);
  }
}

TEST(PanAddress, endpoints_are_told_only_while_the_gateway_runs) {
  const test::TempDir dir;
  const GatewayFolder folder{dir.path()};
  EXPECT_EQ(endpoints_of_running(folder).error().code, Code::gateway_not_running);
  {
    const auto lock = RunLock::take(folder);
    ASSERT_TRUE(lock.ok());
    EXPECT_EQ(endpoints_of_running(folder).error().code, Code::gateway_not_running) << "not ready yet";
    ASSERT_TRUE(
        pngw::leave_endpoints(folder.pan_address(), {*ids::Endpoint::parse("a:1"), *ids::Endpoint::parse("[::1]:2")})
            .ok());
    const auto endpoints = endpoints_of_running(folder);
    ASSERT_TRUE(endpoints.ok());
    ASSERT_EQ(endpoints->size(), 2U);
    EXPECT_EQ((*endpoints)[1].text(), "[::1]:2");
  }
  EXPECT_EQ(endpoints_of_running(folder).error().code, Code::gateway_not_running) << "the file of a process that died";
}

TEST(RunLock, when_one_holds_it_then_a_second_is_refused) {
  const test::TempDir dir;
  const GatewayFolder folder{dir.path()};
  EXPECT_FALSE(RunLock::is_taken(folder));
  const auto first = RunLock::take(folder);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(RunLock::is_taken(folder));
  const auto second = RunLock::take(folder);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::gateway_already_running);
}

}  // namespace
}  // namespace cpns::gateway
