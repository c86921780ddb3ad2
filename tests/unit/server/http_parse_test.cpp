#include "server/http_parse.hpp"

#include <gtest/gtest.h>

namespace cpns::server {
namespace {

/// Feeds `body` in pieces of `step` bytes; what does not parse ends it.
Result<std::string> read_all(BodyParser& parser, std::string_view body, std::size_t step, std::size_t room) {
  std::string pending;
  std::string whole;
  Bytes out(room);
  for (;;) {
    auto read = parser.read_body(as_bytes(pending), out);
    if (!read) return read.error();
    pending.erase(0, read->consumed);
    whole.append(as_text(ByteView(out.data(), read->produced)));
    if (parser.done()) return whole;
    if (read->produced > 0 || (read->consumed > 0 && !pending.empty())) continue;
    if (body.empty()) return Error{Code::http_body_malformed, "the end"};
    pending.append(body.substr(0, step));
    body.remove_prefix(std::min(step, body.size()));
  }
}

TEST(HttpParser, WhenABodyComesInAnyPiecesThenItIsTheSame) {
  const std::string chunks = "5;ext=1\r\nhello\r\n1\r\n \r\n0005\r\nworld\r\n0\r\nCPNS-Device-ID: cm-x\r\n\r\n";
  for (const std::size_t step : {1U, 2U, 7U, 1000U}) {
    for (const std::size_t room : {1U, 3U, 4096U}) {
      RequestParser parser;
      ASSERT_TRUE(parser.take_head("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").ok());
      const auto body = read_all(parser, chunks, step, room);
      ASSERT_TRUE(body.ok()) << step << " " << room << to_text(body.error());
      EXPECT_EQ(*body, "hello world");
    }
  }
}

TEST(HttpParser, WhenChunksAreMalformedThenTheBodyIsRefused) {
  for (const auto* chunks :
       {"x\r\n", "5\nhello\r\n0\r\n\r\n", "-1\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "fffffffffffffffff\r\n"}) {
    RequestParser parser;
    ASSERT_TRUE(parser.take_head("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").ok());
    EXPECT_FALSE(read_all(parser, chunks, 1000, 4096).ok()) << chunks;
  }
}

TEST(HttpParser, WhenTheLengthIsKnownThenWhatFollowsIsTheNextRequest) {
  RequestParser parser;
  const auto head = parser.take_head("PUT /x HTTP/1.0\r\nHost: hello\r\nContent-Length: 3\r\n\r\n");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->method, "PUT");
  EXPECT_EQ(head->target, "/x");
  EXPECT_EQ(head->minor_version, 0U);
  Bytes out(100);
  const auto read = parser.read_body(as_bytes("abcGET"), out);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->consumed, 3U);
  EXPECT_TRUE(parser.done());
}

TEST(HttpParser, WhenTheHeadIsNotHttpThenItIsRefused) {
  for (const auto* head : {"PRI * HTTP/2.0\r\n\r\n", "GET /\r\n\r\n", "\x16\x03\x01\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
                           "GET / HTTP/1.1 \r\n\r\n", "GET / HTTP/3.1\r\n\r\n"}) {
    RequestParser parser;
    EXPECT_FALSE(parser.take_head(head).ok()) << head;
  }
}

TEST(HttpParser, WhenAReplyEndsWithTheConnectionThenTheEndIsFineAndElseItIsNot) {
  ReplyParser until_close("GET");
  ASSERT_TRUE(until_close.take_head("HTTP/1.1 200 OK\r\n\r\n").ok());
  Bytes out(100);
  ASSERT_TRUE(until_close.read_body(as_bytes("abc"), out).ok());
  EXPECT_FALSE(until_close.done());
  EXPECT_TRUE(until_close.take_end().ok());
  EXPECT_TRUE(until_close.done());

  ReplyParser cut("GET");
  ASSERT_TRUE(cut.take_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").ok());
  ASSERT_TRUE(cut.read_body(as_bytes("abc"), out).ok());
  ASSERT_FALSE(cut.take_end().ok());
}

TEST(HttpParser, WhenTheRequestWasHeadThenTheReplyIsDoneWithItsHead) {
  ReplyParser parser("HEAD");
  ASSERT_TRUE(parser.take_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").ok());
  EXPECT_TRUE(parser.done());
}

}  // namespace
}  // namespace cpns::server
