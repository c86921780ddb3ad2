// More connections at one moment than a real server lets in: who waits, who is sent away, and what devices are told.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/assign/direct_link.hpp"
#include "core/assign/return_within.hpp"
#include "integration/server/clients.hpp"
#include "integration/server/upstream.hpp"
#include "support/deadline.hpp"

namespace cpns::test {
namespace {

using namespace std::chrono_literals;

/// Connections of one address that are opened without waiting for anything.
class Rush {
 public:
  Rush(std::uint16_t port, std::uint32_t from, std::size_t count) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    sockaddr_in own = to;
    own.sin_addr.s_addr = htonl(from);
    own.sin_port = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (socket < 0) break;
      sockets_.push_back(socket);
      (void)::bind(socket, reinterpret_cast<const sockaddr*>(&own), sizeof own);
      (void)::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    }
  }
  ~Rush() {
    for (const int socket : sockets_) ::close(socket);
  }
  Rush(const Rush&) = delete;
  Rush& operator=(const Rush&) = delete;

 private:
  std::vector<int> sockets_;
};

class ArrivalsTest : public ::testing::TestWithParam<std::string> {
 protected:
  ArrivalsTest()
      : server_(upstream_.settings(), {{"accept_queue = 16384", "accept_queue = " + std::string(GetParam())},
                                       {"connections_burst = 2000", "connections_burst = 1000000"}}),
        clients_(server_) {
    server_.start();
  }
  nlohmann::json arrivals() { return server_.admin("GET", "/v1/status").body.at("arrivals"); }

  Upstream upstream_;
  ServerProcess server_;
  Clients clients_;
};

class FewPlaces : public ArrivalsTest {};
INSTANTIATE_TEST_SUITE_P(Queue, FewPlaces, ::testing::Values("32"));

TEST_P(FewPlaces, WhenMoreComeThanMayWaitThenTheyAreSentAwayAndADeviceOfAnotherAddressGetsIn) {
  const auto device = clients_.device();
  {
    const Rush rush(server_.direct_port(), 0x7f000002, 3000);
    EXPECT_TRUE(eventually([&] { return arrivals().value("turned_away", 0) > 0; })) << arrivals().dump();
    server_.wait_for_log("storm_begun");
    const auto reply = clients_.request(device, "GET /size/5 HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(reply.ends_with("xxxxx")) << reply;
  }
  const auto over = server_.wait_for_log("storm_over");
  EXPECT_GT(over.value("turned_away", 0), 0) << over.dump();
  EXPECT_LE(over.value("longest_queue", 1000), 32) << over.dump();
  EXPECT_EQ(server_.count_log("storm_begun"), 1U);
  const auto after = arrivals();
  EXPECT_FALSE(after.value("storm", true)) << after.dump();
  EXPECT_EQ(after.value("waiting", -1), 0) << after.dump();
}

class NoPlaces : public ArrivalsTest {};
INSTANTIATE_TEST_SUITE_P(Queue, NoPlaces, ::testing::Values("1"));

TEST_P(NoPlaces, WhenThereIsNoRoomForAllDevicesAtOnceThenEachIsToldWhenToComeBackAsSoonAsItIsIn) {
  const auto device = clients_.device();
  auto link = clients_.open_direct_link(device, {"cpns/1"});
  ASSERT_TRUE(link.ok()) << to_text(link.error());
  runtime::MessageLink messages(*link);
  const ids::CorrelationId run(clients_.random().bytes<8>());
  const auto hello = assign::send_link_hello(assign::Role::CmDevice, device.server_id, device.cm_device_id, run);
  ASSERT_TRUE(clients_.send(messages, hello).ok());
  ASSERT_TRUE(clients_.receive(messages).ok()) << "LinkHello";
  const auto second = clients_.receive(messages);
  ASSERT_TRUE(second.ok()) << to_text(second.error());
  const auto* ping = std::get_if<assign::Ping>(&second->body);
  ASSERT_NE(ping, nullptr) << assign::message_name(second->body);
  const auto within = assign::return_within_of(ping->payload);
  ASSERT_TRUE(within);
  EXPECT_GT(*within, 0ms);
  const auto third = clients_.receive(messages);
  ASSERT_TRUE(third.ok());
  EXPECT_TRUE(std::holds_alternative<assign::AliasUpdate>(third->body)) << assign::message_name(third->body);
  const auto said = arrivals();
  EXPECT_EQ(said.value("devices", 0), 1) << said.dump();
  EXPECT_EQ(said.value("return_within_ms", 0), within->count()) << said.dump();
}

}  // namespace
}  // namespace cpns::test
