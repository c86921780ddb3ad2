// Requests of a device to a service, through a real server.

#include <gtest/gtest.h>

#include <csignal>

#include "integration/server/clients.hpp"
#include "integration/server/upstream.hpp"
#include "support/deadline.hpp"

namespace cpns::test {
namespace {

class HttpProxyTest : public ::testing::Test {
 protected:
  HttpProxyTest()
      : server_(upstream_.settings() + "[service.dead]\nupstream = \"127.0.0.1:1\"\n",
                {{"upstream_seconds = 60", "upstream_seconds = 2"},
                 {"head_seconds = 10", "head_seconds = 2"},
                 {"body_idle_seconds = 60", "body_idle_seconds = 1"}}),
        clients_(server_) {}
  void SetUp() override {
    server_.start();
    device_.emplace(clients_.device());
  }
  std::string get(const std::string& path, const std::string& more = {}) {
    return clients_.request(*device_,
                            "GET " + path + " HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n" + more + "\r\n");
  }
  static std::string status(const std::string& reply) { return reply.substr(0, reply.find("\r\n")); }
  static std::string body(const std::string& reply) { return reply.substr(reply.find("\r\n\r\n") + 4); }

  Upstream upstream_;
  ServerProcess server_;
  Clients clients_;
  std::optional<assign::Credential> device_;
};

TEST_F(HttpProxyTest, WhenADeviceForgesItsIdentityThenTheServiceSeesTheVerifiedOneAlone) {
  const auto reply = get(
      "/head", "CPNS-Device-ID: cm-forged\r\ncpns_device_id: cm-forged\r\nCPNS_PN_GW_ID: sip:mallory\r\nX-Kept: 1\r\n");
  EXPECT_EQ(status(reply), "HTTP/1.1 200 OK");
  EXPECT_NE(reply.find("CPNS-Device-ID: " + device_->cm_device_id.text() + "\r\n"), std::string::npos) << reply;
  EXPECT_NE(reply.find("CPNS-PN-GW-ID: sip:alice@ims.test\r\n"), std::string::npos);
  EXPECT_EQ(reply.find("forged"), std::string::npos);
  EXPECT_EQ(reply.find("mallory"), std::string::npos);
  EXPECT_NE(reply.find("X-Kept: 1"), std::string::npos);
}

TEST_F(HttpProxyTest, WhenTheServiceIsUnknownDeadSilentOrBrokenThenTheStatusSaysSo) {
  EXPECT_EQ(status(clients_.request(*device_, "GET / HTTP/1.1\r\nHost: nosuch\r\nConnection: close\r\n\r\n")),
            "HTTP/1.1 404 Not Found");
  EXPECT_EQ(status(clients_.request(*device_, "GET / HTTP/1.1\r\nHost: dead\r\nConnection: close\r\n\r\n")),
            "HTTP/1.1 502 Bad Gateway");
  EXPECT_EQ(status(get("/silent")), "HTTP/1.1 504 Gateway Timeout");
  EXPECT_EQ(status(get("/garbage")), "HTTP/1.1 502 Bad Gateway");
  server_.wait_for_log("service_unknown");
  server_.wait_for_log("upstream_unreachable");
  server_.wait_for_log("upstream_silent");
}

TEST_F(HttpProxyTest, WhenARequestCouldBeReadInTwoWaysThenItIsRefused) {
  const std::string start = "POST /head HTTP/1.1\r\nHost: hello\r\n";
  for (const auto* rest :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "X: a\r\n folded\r\n\r\n", "Host: other\r\n\r\n", "X : y\r\n\r\n", "X: y\nZ: w\r\n\r\n"}) {
    EXPECT_EQ(status(clients_.request(*device_, start + rest)), "HTTP/1.1 400 Bad Request") << rest;
  }
  EXPECT_EQ(status(clients_.request(*device_, "CONNECT hello:80 HTTP/1.1\r\nHost: hello:80\r\n\r\n")),
            "HTTP/1.1 405 Method Not Allowed");
  EXPECT_EQ(status(get("/head", "X: " + std::string(20'000, 'x') + "\r\n")),
            "HTTP/1.1 431 Request Header Fields Too Large");
}

TEST_F(HttpProxyTest, WhenRequestsShareAConnectionThenEachGetsItsReply) {
  const std::string one = "GET /size/3 HTTP/1.1\r\nHost: hello\r\n\r\n";
  const std::string two = "POST /echo HTTP/1.1\r\nHost: hello\r\nContent-Length: 2\r\n\r\nab";
  const std::string three = "HEAD /size/9 HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n";
  const auto replies = clients_.request(*device_, one + two + three);
  EXPECT_NE(replies.find("\r\n\r\nxxxHTTP/1.1 200 OK"), std::string::npos) << replies;
  EXPECT_NE(replies.find("\r\n\r\nabHTTP/1.1 200 OK"), std::string::npos) << replies;
  EXPECT_NE(replies.find("Content-Length: 9"), std::string::npos) << replies;
  EXPECT_TRUE(replies.ends_with("\r\n\r\n"));
}

TEST_F(HttpProxyTest, WhenAReplyEndsWithTheConnectionThenItIsWholeAndACutOneIsNotTakenForWhole) {
  const auto chunked = get("/until-close");
  EXPECT_EQ(body(chunked), "9\r\nall of it\r\n0\r\n\r\n");
  const auto old = clients_.request(*device_, "GET /until-close HTTP/1.0\r\nHost: hello\r\n\r\n");
  EXPECT_EQ(body(old), "all of it");
  get("/cut");
  server_.wait_for_log("upstream_broke_off");
}

TEST_F(HttpProxyTest, WhenTheServiceAnswersEarlyOrInTheMeantimeThenTheClientGetsIt) {
  const auto continued = clients_.request(*device_,
                                          "POST /continue HTTP/1.1\r\nHost: hello\r\nExpect: "
                                          "100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
  EXPECT_TRUE(continued.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << continued;
  EXPECT_EQ(body(body(continued)), "body");
  const auto early = clients_.request(
      *device_, "POST /early HTTP/1.1\r\nHost: hello\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n" +
                    std::string(100'000, 'x'));
  EXPECT_EQ(status(early), "HTTP/1.1 413 Content Too Large");
}

TEST_F(HttpProxyTest, WhenWebSocketIsGrantedThenBytesPassBothWays) {
  auto link = clients_.open_direct_link(*device_, {"http/1.1"});
  ASSERT_TRUE(link.ok());
  const std::string ask = "GET /socket HTTP/1.1\r\nHost: hello\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  ASSERT_TRUE(clients_.run((*link)->write(as_bytes(ask))).ok());
  Bytes buffer(1000);
  std::string got;
  while (got.find("\r\n\r\n") == std::string::npos) {
    auto more = clients_.run((*link)->read_some(buffer));
    ASSERT_TRUE(more.ok());
    ASSERT_GT(*more, 0U);
    got.append(as_text(ByteView(buffer.data(), *more)));
  }
  EXPECT_TRUE(got.starts_with("HTTP/1.1 101 ")) << got;
  EXPECT_NE(got.find("Upgrade: websocket"), std::string::npos);
  ASSERT_TRUE(clients_.run((*link)->write(as_bytes("hello"))).ok());
  auto back = clients_.run((*link)->read_some(buffer));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(as_text(ByteView(buffer.data(), *back)), "hello");
}

TEST_F(HttpProxyTest, WhenAClientSendsTooSlowlyThenItIsLetGo) {
  auto link = clients_.open_direct_link(*device_, {"http/1.1"});
  ASSERT_TRUE(link.ok());
  ASSERT_TRUE(clients_.run((*link)->write(as_bytes("GET / HT"))).ok());
  clients_.read_to_end(**link);
  server_.wait_for_log("http_client_too_slow");
  // Inside a body too.
  const auto half = clients_.request(*device_, "POST /echo HTTP/1.1\r\nHost: hello\r\nContent-Length: 10\r\n\r\nhalf.");
  EXPECT_TRUE(eventually([&] { return server_.count_log("http_client_too_slow") >= 2; }));
}

TEST_F(HttpProxyTest, WhenSixtyFourMegabytesPassBothWaysThenMemoryStaysBounded) {
  constexpr std::size_t kSize = 64 << 20;
  auto link = clients_.open_direct_link(*device_, {"http/1.1"});
  ASSERT_TRUE(link.ok());
  const auto before = server_.rss_kb();
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: hello\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
  ASSERT_TRUE(clients_.run((*link)->write(as_bytes(head))).ok());
  auto write = [](std::shared_ptr<runtime::SecureLink> to) -> runtime::Task<void> {
    const std::string piece = "10000\r\n" + std::string(65536, '~') + "\r\n";
    for (std::size_t sent = 0; sent < kSize; sent += 65536) {
      auto done = co_await to->write(as_bytes(piece));
      if (!done) co_return;
    }
    (void)co_await to->write(as_bytes("0\r\n\r\n"));
  };
  runtime::asio::co_spawn(clients_.loop(), write(*link), runtime::asio::detached);
  auto count = [](std::shared_ptr<runtime::SecureLink> from) -> runtime::Task<std::size_t> {
    Bytes buffer(65536);
    std::size_t echoed = 0;
    for (;;) {
      auto got = co_await from->read_some(buffer);
      if (!got || *got == 0) co_return echoed;
      echoed +=
          static_cast<std::size_t>(std::count(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got), '~'));
    }
  };
  const auto echoed = clients_.run(count(*link));
  const auto grown = server_.rss_kb() - before;
  std::cout << "64 MiB both ways: server grew by " << grown << " KiB\n";
  EXPECT_EQ(echoed, kSize);
  EXPECT_LT(grown, 16 * 1024);
}

}  // namespace
}  // namespace cpns::test
