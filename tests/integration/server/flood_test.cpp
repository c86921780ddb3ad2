// Ten thousand connections that say nothing, while an honest device gets through.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "integration/server/clients.hpp"
#include "integration/server/upstream.hpp"
#include "support/deadline.hpp"

namespace cpns::test {
namespace {

/// Connections that are opened and left alone.
class Silence {
 public:
  Silence(std::uint16_t port, std::size_t count, std::string_view first_bytes) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    for (std::size_t i = 0; i < count; ++i) {
      const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (socket < 0) break;
      sockets_.push_back(socket);
      if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) break;
      if (!first_bytes.empty()) (void)::send(socket, first_bytes.data(), first_bytes.size(), MSG_NOSIGNAL);
    }
  }
  ~Silence() {
    for (const int socket : sockets_) ::close(socket);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  [[nodiscard]] std::size_t size() const { return sockets_.size(); }

 private:
  std::vector<int> sockets_;
};

std::size_t files_allowed() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

class FloodTest : public ::testing::TestWithParam<std::string> {
 protected:
  // One machine is the whole crowd here: the limit of an address is not what is tried.
  FloodTest()
      : server_(upstream_.settings(), {{"connections_burst = 2000", "connections_burst = 1000000"}}),
        clients_(server_) {}
  Upstream upstream_;
  ServerProcess server_;
  Clients clients_;
};

TEST_P(FloodTest, WhenTenThousandConnectionsAreHalfOpenThenADeviceGetsThroughAndMemoryIsBounded) {
  const auto count = std::min<std::size_t>(10'000, files_allowed() - 200);
  server_.start();
  const auto device = clients_.device();
  const auto before = server_.rss_kb();
  const Silence flood(server_.direct_port(), count, GetParam());
  EXPECT_EQ(flood.size(), count);
  const auto half_open = [&] { return server_.admin("GET", "/v1/status").body.value("direct_half_open", 0); };
  EXPECT_TRUE(eventually([&] { return half_open() == 4096; })) << half_open();
  const auto grown = server_.rss_kb() - before;
  const auto reply = clients_.request(device, "GET /size/5 HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(reply.ends_with("xxxxx")) << reply;
  std::cout << count << " half-open connections (" << GetParam().size() << " bytes each): server grew by " << grown
            << " KiB, " << grown * 1024 / 4096 << " bytes for each that is kept\n";
  EXPECT_LT(grown, 128 * 1024);
  server_.wait_for_log("half_open_dropped");
}

class AddressFloodTest : public ::testing::Test {
 protected:
  AddressFloodTest()
      : server_(upstream_.settings(), {{"connections_per_second = 200", "connections_per_second = 1"},
                                       {"connections_burst = 2000", "connections_burst = 40"}}),
        clients_(server_) {
    server_.start();
  }
  Upstream upstream_;
  ServerProcess server_;
  Clients clients_;
};

TEST_F(AddressFloodTest, WhenOneAddressComesTooOftenThenItIsTurnedAwayAndOpenLinksLiveOn) {
  const auto device = clients_.device();
  auto link = clients_.open_direct_link(device, {"http/1.1"});
  ASSERT_TRUE(link.ok()) << to_text(link.error());
  const Silence flood(server_.direct_port(), 200, "");
  const auto said = server_.wait_for_log("address_rate_exceeded");
  EXPECT_EQ(said.value("peer", ""), "127.0.0.1") << said.dump();
  EXPECT_FALSE(clients_.open_direct_link(device, {"http/1.1"}).ok()) << "from the same address";
  const std::string request = "GET /size/5 HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n";
  const auto wrote = clients_.run((*link)->write(as_bytes(request)));
  ASSERT_TRUE(wrote.ok()) << to_text(wrote.error());
  EXPECT_TRUE(clients_.read_to_end(**link).ends_with("xxxxx")) << "the link that was there";
  EXPECT_EQ(server_.count_log("address_rate_exceeded"), 1U) << "once a minute, whatever comes";
}

INSTANTIATE_TEST_SUITE_P(SilentAndBegun, FloodTest,
                         ::testing::Values(std::string(),
                                           std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)),
                         [](const auto& flood) { return flood.param.empty() ? "Silent" : "HelloBegun"; });

}  // namespace
}  // namespace cpns::test
