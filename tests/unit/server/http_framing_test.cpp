#include <gtest/gtest.h>

#include "server/http_head.hpp"

namespace cpns::server {
namespace {

RequestHead request(HttpFields fields, std::string method = "POST", unsigned minor_version = 1) {
  return {std::move(method), "/", minor_version, std::move(fields)};
}

Code refusal(const RequestHead& head) {
  const auto framing = framing_of(head);
  return framing ? Code::request_passed : framing.error().code;
}

TEST(HttpRequestFraming, WhenThereIsNoDelimiterThenThereIsNoBody) {
  const auto framing = framing_of(request({}));
  ASSERT_TRUE(framing.ok());
  EXPECT_EQ(framing->kind, BodyKind::None);
  EXPECT_TRUE(framing->keep_alive);
}

TEST(HttpRequestFraming, WhenOneDelimiterIsThereThenItDecides) {
  const auto length = framing_of(request({{"content-LENGTH", "42"}}));
  ASSERT_TRUE(length.ok());
  EXPECT_EQ(length->kind, BodyKind::Length);
  EXPECT_EQ(length->length, 42U);
  const auto chunked = framing_of(request({{"Transfer-Encoding", "Chunked"}}));
  ASSERT_TRUE(chunked.ok());
  EXPECT_EQ(chunked->kind, BodyKind::Chunked);
}

TEST(HttpRequestFraming, WhenDelimitersContradictOrRepeatThenTheRequestIsRefused) {
  const std::vector<HttpFields> smuggling = {
      {{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}},
      {{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}},
      {{"Content-Length", "5"}, {"Content-Length", "6"}},
      {{"Content-Length", "5"}, {"Content-Length", "5"}},
      {{"Content-Length", "5, 5"}},
      {{"Content-Length", "+5"}},
      {{"Content-Length", "-5"}},
      {{"Content-Length", "0x5"}},
      {{"Content-Length", "5 "}},
      {{"Content-Length", ""}},
      {{"Content-Length", "99999999999999999999"}},
      {{"Transfer-Encoding", "gzip, chunked"}},
      {{"Transfer-Encoding", "chunked, chunked"}},
      {{"Transfer-Encoding", "xchunked"}},
      {{"Transfer-Encoding", "identity"}},
      {{"Transfer-Encoding", ""}},
      {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
      {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "identity"}},
  };
  for (const auto& fields : smuggling) {
    EXPECT_EQ(refusal(request(fields)), Code::http_framing_ambiguous)
        << fields.front().name << " " << fields.front().value;
  }
}

TEST(HttpRequestFraming, WhenAnOldClientSendsChunksThenTheRequestIsRefused) {
  EXPECT_EQ(refusal(request({{"Transfer-Encoding", "chunked"}}, "POST", 0)), Code::http_framing_ambiguous);
}

TEST(HttpRequestFraming, WhenATunnelIsAskedForThenItIsRefused) {
  EXPECT_EQ(refusal(request({{"Host", "hello:443"}}, "CONNECT")), Code::http_method_refused);
}

TEST(HttpRequestFraming, WhenTheClientWantsToCloseThenTheConnectionIsNotKept) {
  EXPECT_FALSE(framing_of(request({{"Connection", "Close"}}))->keep_alive);
  EXPECT_FALSE(framing_of(request({{"Connection", "x, close"}}))->keep_alive);
  EXPECT_FALSE(framing_of(request({}, "GET", 0))->keep_alive);
  EXPECT_TRUE(framing_of(request({{"Connection", "keep-alive"}}, "GET", 0))->keep_alive);
}

TEST(HttpRequestFraming, WhenAnUpgradeIsAskedForThenOnlyWebSocketIsHeard) {
  const HttpField upgrade{"Connection", "keep-alive, Upgrade"};
  EXPECT_TRUE(framing_of(request({upgrade, {"Upgrade", "WebSocket"}}, "GET"))->websocket);
  EXPECT_FALSE(framing_of(request({upgrade, {"Upgrade", "h2c"}}, "GET"))->websocket);
  EXPECT_FALSE(framing_of(request({upgrade, {"Upgrade", "websocket, h2c"}}, "GET"))->websocket);
  EXPECT_FALSE(framing_of(request({upgrade, {"Upgrade", "websocket"}, {"Upgrade", "h2c"}}, "GET"))->websocket);
  EXPECT_FALSE(framing_of(request({{"Upgrade", "websocket"}}, "GET"))->websocket);
  EXPECT_FALSE(framing_of(request({upgrade, {"Upgrade", "websocket"}}, "POST"))->websocket);
  EXPECT_FALSE(framing_of(request({upgrade, {"Upgrade", "websocket"}, {"Content-Length", "5"}}, "GET"))->websocket);
}

Framing reply(unsigned status, HttpFields fields, std::string_view method = "GET") {
  const auto framing = framing_of(ReplyHead{status, "OK", 1, std::move(fields)}, method);
  EXPECT_TRUE(framing.ok());
  return framing ? *framing : Framing{};
}

TEST(HttpReplyFraming, WhenStatusOrMethodForbidABodyThenThereIsNone) {
  EXPECT_EQ(reply(200, {{"Content-Length", "5"}}, "HEAD").kind, BodyKind::None);
  EXPECT_EQ(reply(204, {}).kind, BodyKind::None);
  EXPECT_EQ(reply(304, {{"Content-Length", "5"}}).kind, BodyKind::None);
  EXPECT_EQ(reply(100, {}).kind, BodyKind::None);
}

TEST(HttpReplyFraming, WhenNothingDelimitsTheBodyThenTheEndOfTheConnectionDoes) {
  EXPECT_EQ(reply(200, {}).kind, BodyKind::UntilClose);
  EXPECT_EQ(reply(200, {{"Content-Length", "5"}}).kind, BodyKind::Length);
  EXPECT_EQ(reply(200, {{"Transfer-Encoding", "chunked"}}).kind, BodyKind::Chunked);
}

TEST(HttpReplyFraming, WhenAReplyHasNoSingleMeaningThenItIsTheServicesFault) {
  const ReplyHead both{200, "OK", 1, {{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}};
  ASSERT_FALSE(framing_of(both, "GET").ok());
  EXPECT_EQ(framing_of(both, "GET").error().code, Code::upstream_reply_malformed);
}

}  // namespace
}  // namespace cpns::server
