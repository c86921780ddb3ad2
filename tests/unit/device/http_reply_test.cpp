#include "device/http_reply.hpp"

#include <gtest/gtest.h>

namespace cpns::device {
namespace {

struct Kept final : ReplySink {
  Result<void> on_head(const ReplyHead& given) override {
    ++heads;
    head = given;
    return {};
  }
  Result<void> on_body(ByteView piece) override {
    body += as_text(piece);
    return {};
  }
  int heads = 0;
  ReplyHead head;
  std::string body;
};

// Every way of cutting the bytes into two pieces gives the same reply.
void expect_reply(const std::string& bytes, unsigned status, const std::string& body, bool head_only = false) {
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Kept kept;
    ReplyReader reader(head_only, kept);
    ASSERT_TRUE(reader.feed(as_bytes(bytes.substr(0, cut))).ok()) << cut;
    ASSERT_TRUE(reader.feed(as_bytes(bytes.substr(cut))).ok()) << cut;
    ASSERT_TRUE(reader.end().ok()) << cut;
    EXPECT_EQ(kept.heads, 1) << cut;
    EXPECT_EQ(kept.head.status, status) << cut;
    EXPECT_EQ(kept.body, body) << cut;
  }
}

TEST(HttpReply, bodies_by_length_by_chunks_and_until_the_end_are_read_however_they_are_cut) {
  expect_reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello");
  expect_reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n", 200,
               "hello");
  expect_reply("HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello");
  expect_reply("HTTP/1.1 204 No Content\r\n\r\n", 204, "");
  expect_reply("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "");
  expect_reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "", true);
}

TEST(HttpReply, interim_replies_are_passed_over) {
  expect_reply(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
      "2\r\n\r\nok",
      200, "ok");
}

TEST(HttpReply, when_it_breaks_off_then_it_is_cut_short) {
  for (const std::string bytes : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"}) {
    Kept kept;
    ReplyReader reader(false, kept);
    ASSERT_TRUE(reader.feed(as_bytes(bytes)).ok());
    const auto ended = reader.end();
    ASSERT_FALSE(ended.ok()) << bytes;
    EXPECT_EQ(ended.error().code, Code::reply_cut_short);
  }
}

TEST(HttpReply, when_it_is_not_http_or_its_head_never_ends_then_it_is_refused) {
  for (const std::string& bytes : {std::string("SSH-2.0\r\n\r\n"), std::string("HTTP/1.1 abc\r\n\r\n"),
                                   std::string("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
                                   "HTTP/1.1 200 OK\r\nX: " + std::string(100000, 'x'),
                                   std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    Kept kept;
    ReplyReader reader(false, kept);
    const auto fed = reader.feed(as_bytes(bytes));
    ASSERT_FALSE(fed.ok()) << bytes.substr(0, 40);
    EXPECT_EQ(fed.error().code, Code::reply_malformed);
  }
}

}  // namespace
}  // namespace cpns::device
