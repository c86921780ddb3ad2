#include "device/proxy_head.hpp"

#include <gtest/gtest.h>

namespace cpns::device {
namespace {

using Kind = BodyScanner::Kind;

Result<ProxyRequest> request(std::string_view text) {
  bool foreign = false;
  return parse_proxy_request(text, foreign);
}

bool is_foreign(std::string_view text) {
  bool foreign = false;
  return !parse_proxy_request(text, foreign).ok() && foreign;
}

}  // namespace

TEST(ProxyHead, a_request_for_a_service_goes_on_in_origin_form_without_fields_of_the_connection) {
  const auto parsed = request(
      "GET http://Hello.cpns:80/a?b=c HTTP/1.1\r\nHost: other\r\nProxy-Connection: keep-alive\r\nConnection: x-mine\r\n"
      "X-Mine: 1\r\nTE: trailers\r\nAccept: */*\r\n\r\n");
  ASSERT_TRUE(parsed.ok()) << to_text(parsed.error());
  EXPECT_EQ(parsed->service, "hello");
  EXPECT_EQ(parsed->head, "GET /a?b=c HTTP/1.1\r\nHost: hello\r\nAccept: */*\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(parsed->keep_alive);
  EXPECT_EQ(parsed->body, Kind::None);
}

TEST(ProxyHead, a_target_without_a_path_asks_for_the_root) {
  EXPECT_TRUE(request("GET http://hello HTTP/1.1\r\n\r\n")->head.starts_with("GET / HTTP/1.1\r\n"));
  EXPECT_TRUE(request("GET http://hello?q HTTP/1.1\r\n\r\n")->head.starts_with("GET /?q HTTP/1.1\r\n"));
}

TEST(ProxyHead, other_hosts_are_refused_as_foreign) {
  for (const auto* host :
       {"example.net", "127.0.0.1", "[::1]:80", "localhost", "hello:x", "a@hello", "hello.cpns.net"}) {
    EXPECT_TRUE(is_foreign(std::string("GET http://") + host + "/ HTTP/1.1\r\n\r\n")) << host;
    EXPECT_TRUE(is_foreign(std::string("CONNECT ") + host + " HTTP/1.1\r\n\r\n")) << host;
  }
}

TEST(ProxyHead, connect_names_a_service_in_either_version_of_http) {
  for (const auto* version : {"HTTP/1.1", "HTTP/1.0"}) {
    const auto parsed = request(std::string("CONNECT ssh:22 ") + version + "\r\n\r\n");
    ASSERT_TRUE(parsed.ok());
    EXPECT_TRUE(parsed->connect);
    EXPECT_EQ(parsed->service, "ssh");
  }
}

TEST(ProxyHead, what_two_parsers_could_read_differently_is_refused) {
  const std::string line = "POST http://hello/ HTTP/1.1\r\n";
  for (const auto* fields :
       {"Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Content-Length: +1\r\n", "Content-Length : 1\r\n", " folded: 1\r\n",
        "a: b\nc: d\r\n", "a: \x01\r\n", "no colon\r\n"}) {
    EXPECT_FALSE(request(line + fields + "\r\n").ok()) << fields;
  }
  for (const auto* whole : {"GET / HTTP/1.1\r\n\r\n", "GET https://hello/ HTTP/1.1\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n",
                            "GET http://hello/ HTTP/2\r\n\r\n", "GET http://hello/ HTTP/1.0\r\n\r\n"}) {
    EXPECT_FALSE(request(whole).ok()) << whole;
    EXPECT_FALSE(is_foreign(whole)) << whole;
  }
}

TEST(ProxyHead, a_websocket_request_keeps_its_upgrade) {
  const auto parsed = request(
      "GET http://hello/ HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: "
      "k\r\n\r\n");
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->websocket);
  EXPECT_NE(parsed->head.find("Connection: Upgrade\r\nUpgrade: websocket\r\n"), std::string::npos);
  EXPECT_FALSE(request("GET http://hello/ HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")->websocket);
}

TEST(ProxyHead, a_reply_that_ends_with_its_connection_ends_that_of_the_application_too) {
  auto reply = parse_proxy_reply("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false, true);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->body, Kind::UntilEnd);
  EXPECT_EQ(reply->head, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  reply = parse_proxy_reply("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\n", false, true);
  EXPECT_EQ(reply->head, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(parse_proxy_reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, true)->body, Kind::None);
  EXPECT_EQ(parse_proxy_reply("HTTP/1.1 304 N\r\n\r\n", false, true)->body, Kind::None);
  EXPECT_TRUE(parse_proxy_reply("HTTP/1.1 100 Continue\r\n\r\n", false, true)->interim);
  EXPECT_FALSE(parse_proxy_reply("HTTP/1.1 20 OK\r\n\r\n", false, true).ok());
  EXPECT_FALSE(parse_proxy_reply("nonsense\r\n\r\n", false, true).ok());
}

TEST(BodyScanner, finds_the_end_of_a_body_however_it_comes_in_pieces) {
  const std::string chunks = "5;x=y\r\nhello\r\n00a\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
  for (std::size_t size = 1; size <= chunks.size() + 4; ++size) {
    BodyScanner scanner(Kind::Chunked);
    const std::string all = chunks + "next";
    std::size_t used = 0;
    while (!scanner.done() && used < all.size()) {
      const auto piece = as_bytes(all).subspan(used, std::min(size, all.size() - used));
      const auto taken = scanner.take(piece);
      ASSERT_TRUE(taken.ok());
      used += *taken;
    }
    EXPECT_TRUE(scanner.done());
    EXPECT_EQ(used, chunks.size());
  }
  BodyScanner counted(Kind::Length, 3);
  EXPECT_EQ(*counted.take(as_bytes("hello")), 3U);
  EXPECT_TRUE(counted.done());
}

TEST(BodyScanner, malformed_chunks_are_refused) {
  for (const auto* text : {"\r\n", "g\r\n", "5\nhello", "1\r\nab", "1\r\na\n", "0123456789abcdef0\r\n", "0\r\na\n"}) {
    BodyScanner scanner(Kind::Chunked);
    EXPECT_FALSE(scanner.take(as_bytes(text)).ok()) << text;
  }
}

}  // namespace cpns::device
