#include "device/http_request.hpp"

#include <gtest/gtest.h>

namespace cpns::device {
namespace {

HttpRequest request(std::string service, std::string path) { return {std::move(service), std::move(path), "", {}}; }

bool refused(const HttpRequest& one) {
  const auto head = encode_request_head(one, {});
  return !head.ok() && head.error().code == Code::request_malformed;
}

TEST(HttpRequest, a_plain_request_has_one_host_and_closes) {
  const auto head = encode_request_head(request("hello", "/a?b=c"), {});
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(*head,
            "GET /a?b=c HTTP/1.1\r\nHost: hello\r\nUser-Agent: cpns-device/0.1.0\r\nAccept: */*\r\n"
            "Connection: close\r\n\r\n");
}

TEST(HttpRequest, a_body_is_announced_by_length_or_as_chunks) {
  EXPECT_NE(encode_request_head(request("a", "/"), {BodyFraming::Length, 7})->find("Content-Length: 7\r\n"),
            std::string::npos);
  const auto chunked = encode_request_head(request("a", "/"), {BodyFraming::Chunked, 0});
  EXPECT_NE(chunked->find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(chunked->starts_with("POST "));
}

TEST(HttpRequest, when_a_service_is_no_name_then_refused) {
  for (const auto* service : {"", "a b", "a:80", "a/b", "a\r\nX: y", "h\xc3\xa9", "a@b", "a\n"}) {
    EXPECT_TRUE(refused(request(service, "/"))) << service;
  }
  EXPECT_TRUE(refused(request(std::string(256, 'a'), "/")));
}

TEST(HttpRequest, when_a_path_could_end_the_line_or_is_none_then_refused) {
  for (const auto* path :
       {"", "x", "http://other/", "/a b", "/a\r\nX: y", "/a\nb", "/a\tb", "/\xc3\xa9", "/a#b", "*"}) {
    EXPECT_TRUE(refused(request("a", path))) << path;
  }
  EXPECT_TRUE(refused(request("a", "/" + std::string(8000, 'a'))));
  EXPECT_TRUE(refused(request("a", std::string("/a\0b", 4))));
}

TEST(HttpRequest, when_a_method_is_no_token_then_refused) {
  for (const auto* method : {"G T", "GET\r\n", "CONNECT", "G\xc3\xa9T", "GET /other HTTP/1.1"}) {
    auto one = request("a", "/");
    one.method = method;
    EXPECT_TRUE(refused(one)) << method;
  }
}

TEST(HttpRequest, when_a_header_field_is_ours_or_malformed_then_refused) {
  for (const auto* line :
       {"", "X", ": x", "X y: z", "X: a\r\nY: b", "X: a\nb", "Host: other", "content-length: 5",
        "Transfer-Encoding: chunked", "Connection: upgrade", "CPNS-Device-ID: cm-x", "cpns-anything: 1", "TE: trailers",
        "Expect: 100-continue", "Upgrade: websocket", "X\t: y"}) {
    auto one = request("a", "/");
    one.headers = {line};
    EXPECT_TRUE(refused(one)) << line;
  }
  auto good = request("a", "/");
  good.headers = {"X-One: 1", "Accept: text/plain", "User-Agent: me"};
  const auto head = encode_request_head(good, {});
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->find("cpns-device/"), std::string::npos);
  EXPECT_EQ(head->find("*/*"), std::string::npos);
}

TEST(HttpRequest, chunks_carry_their_size_in_hexadecimal) {
  const Bytes content(255, 'x');
  const auto chunk = encode_chunk(content);
  EXPECT_TRUE(as_text(chunk).starts_with("ff\r\nxxx"));
  EXPECT_TRUE(as_text(chunk).ends_with("x\r\n"));
  EXPECT_EQ(as_text(encode_chunk({})), "0\r\n\r\n");
}

}  // namespace
}  // namespace cpns::device
