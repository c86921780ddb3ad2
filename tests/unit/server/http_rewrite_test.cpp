#include <gtest/gtest.h>

#include <algorithm>

#include "server/http_head.hpp"

namespace cpns::server {
namespace {

const ids::ServerId kServerId = ids::ServerId::parse("CPNS.example.net").value();
const VerifiedDevice kDevice{ids::CmDeviceId(std::array<std::uint8_t, 16>{}),
                             ids::PnGwId::parse("sip:alice@ims").value()};

RequestHead get(std::string target, HttpFields fields) { return {"GET", std::move(target), 1, std::move(fields)}; }

std::string service(std::string target, HttpFields fields) {
  const auto named = service_of(get(std::move(target), std::move(fields)), kServerId);
  return named ? *named : std::string(named.error().info().name);
}

std::vector<std::string> values(const HttpFields& fields, std::string_view name) {
  std::vector<std::string> found;
  for (const auto& field : fields) {
    if (equals_ignoring_case(field.name, name)) found.push_back(field.value);
  }
  return found;
}

TEST(HttpService, WhenHostNamesAServiceThenCasePortAndServerNameDoNotMatter) {
  EXPECT_EQ(service("/", {{"Host", "hello"}}), "hello");
  EXPECT_EQ(service("/", {{"host", "HELLO:8443"}}), "hello");
  EXPECT_EQ(service("/", {{"Host", "hello.cpns.EXAMPLE.net:7443"}}), "hello");
  EXPECT_EQ(service("*", {{"Host", "hello"}}), "hello");
  EXPECT_EQ(service("/", {{"Host", "cpns.example.net"}}), "cpns.example.net");
}

TEST(HttpService, WhenHostIsMissingRepeatedOrNoHostThenTheRequestIsRefused) {
  EXPECT_EQ(service("/", {}), "http_host_missing");
  EXPECT_EQ(service("/", {{"Host", "hello"}, {"Host", "hello"}}), "http_host_missing");
  for (const auto* host :
       {"", " ", "hello world", "user@hello", "hello/", "hello:80:80", "hello:http", "[::1", "hello:1234567"}) {
    EXPECT_EQ(service("/", {{"Host", host}}), "http_host_missing") << host;
  }
}

TEST(HttpService, WhenTheTargetIsAbsoluteThenItsAuthorityMustAgree) {
  EXPECT_EQ(service("http://hello/x", {{"Host", "hello"}}), "hello");
  EXPECT_EQ(service("HTTPS://Hello:1/x", {{"Host", "hello:1"}}), "hello");
  EXPECT_EQ(service("http://other/x", {{"Host", "hello"}}), "http_target_disagrees");
  EXPECT_EQ(service("http://hello:81/x", {{"Host", "hello"}}), "http_target_disagrees");
  EXPECT_EQ(service("http://hello@other/x", {{"Host", "hello"}}), "http_target_disagrees");
  EXPECT_EQ(service("ftp://hello/x", {{"Host", "hello"}}), "http_target_disagrees");
  EXPECT_EQ(service("hello:80", {{"Host", "hello"}}), "http_target_disagrees");
}

TEST(HttpRequestRewrite, WhenTheClientClaimsAnIdentityThenOnlyTheVerifiedOneIsLeft) {
  const auto made = rewrite(get("/", {{"Host", "hello"},
                                      {"CPNS-Device-ID", "cm-forged"},
                                      {"cpns_device_id", "cm-forged"},
                                      {"Cpns-Pn_Gw-Id", "sip:mallory@ims"},
                                      {"X-Other", "kept"}}),
                            {}, kDevice);
  EXPECT_EQ(values(made.fields, "CPNS-Device-ID"), std::vector{kDevice.cm_device_id.text()});
  EXPECT_EQ(values(made.fields, "CPNS-PN-GW-ID"), std::vector<std::string>{"sip:alice@ims"});
  EXPECT_TRUE(values(made.fields, "cpns_device_id").empty());
  EXPECT_TRUE(values(made.fields, "Cpns-Pn_Gw-Id").empty());
  EXPECT_EQ(values(made.fields, "X-Other"), std::vector<std::string>{"kept"});
}

TEST(HttpRequestRewrite, WhenConnectionListsTheIdentityThenItReachesTheServiceAllTheSame) {
  const auto made = rewrite(
      get("/", {{"Host", "hello"}, {"Connection", "CPNS-Device-ID, X-Hop, host"}, {"X-Hop", "1"}}), {}, kDevice);
  EXPECT_EQ(values(made.fields, "Connection"), std::vector<std::string>{"close"});
  EXPECT_EQ(values(made.fields, "CPNS-Device-ID").size(), 1U);
  EXPECT_TRUE(values(made.fields, "X-Hop").empty());
  EXPECT_EQ(values(made.fields, "Host"), std::vector<std::string>{"hello"});
}

TEST(HttpRequestRewrite, WhenFieldsBelongToOneHopThenTheyEndHere) {
  const auto made = rewrite(get("http://hello/x?y", {{"Host", "hello"},
                                                     {"Keep-Alive", "5"},
                                                     {"TE", "trailers"},
                                                     {"Trailer", "CPNS-Device-ID"},
                                                     {"Proxy-Authorization", "x"},
                                                     {"Proxy", "http://evil"},
                                                     {"Upgrade", "h2c"},
                                                     {"HTTP2-Settings", "x"}}),
                            {}, kDevice);
  for (const auto* name :
       {"Keep-Alive", "TE", "Trailer", "Proxy-Authorization", "Proxy", "Upgrade", "Transfer-Encoding"}) {
    EXPECT_TRUE(values(made.fields, name).empty()) << name;
  }
  EXPECT_EQ(made.target, "/x?y");
  EXPECT_EQ(rewrite(get("http://hello?y", {{"Host", "hello"}}), {}, kDevice).target, "/?y");
}

TEST(HttpRequestRewrite, WhenThereIsABodyThenItIsDelimitedOnce) {
  Framing length{.kind = BodyKind::Length, .length = 7};
  const auto made = rewrite(get("/", {{"Host", "hello"}, {"content-length", "7"}}), length, kDevice);
  EXPECT_EQ(values(made.fields, "Content-Length"), std::vector<std::string>{"7"});
  Framing chunked{.kind = BodyKind::Chunked};
  const auto in_chunks = rewrite(get("/", {{"Host", "hello"}, {"transfer-encoding", "chunked"}}), chunked, kDevice);
  EXPECT_EQ(values(in_chunks.fields, "Transfer-Encoding"), std::vector<std::string>{"chunked"});
}

TEST(HttpRequestRewrite, WhenWebSocketIsAskedForThenTheQuestionIsPassedOn) {
  Framing framing{.websocket = true};
  const auto made = rewrite(
      get("/", {{"Host", "hello"}, {"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Key", "x"}}),
      framing, kDevice);
  EXPECT_EQ(values(made.fields, "Connection"), std::vector<std::string>{"Upgrade"});
  EXPECT_EQ(values(made.fields, "Upgrade"), std::vector<std::string>{"websocket"});
  EXPECT_EQ(values(made.fields, "Sec-WebSocket-Key"), std::vector<std::string>{"x"});
}

TEST(HttpReplyRewrite, WhenTheBodyEndsWithTheConnectionThenANewClientGetsChunksAndAnOldOneTheEnd) {
  const ReplyHead head{200, "OK", 1, {{"Content-Type", "text/plain"}, {"Connection", "close"}}};
  const Framing until_close{.kind = BodyKind::UntilClose};
  const auto to_new = rewrite(head, until_close, 1, false);
  EXPECT_EQ(values(to_new.fields, "Transfer-Encoding"), std::vector<std::string>{"chunked"});
  EXPECT_TRUE(values(to_new.fields, "Connection").empty());
  const auto to_old = rewrite(head, until_close, 0, true);
  EXPECT_TRUE(values(to_old.fields, "Transfer-Encoding").empty());
  EXPECT_EQ(values(to_old.fields, "Connection"), std::vector<std::string>{"close"});
}

TEST(HttpReplyRewrite, WhenTheReplyHasNoBodyThenItsLengthIsInformationOnly) {
  const ReplyHead head{200, "OK", 1, {{"Content-Length", "5"}}};
  const Framing none{.kind = BodyKind::None, .length = 5};
  EXPECT_EQ(values(rewrite(head, none, 1, false).fields, "Content-Length"), std::vector<std::string>{"5"});
  const ReplyHead empty{204, "No Content", 1, {{"Content-Length", "0"}}};
  EXPECT_TRUE(values(rewrite(empty, none, 1, false).fields, "Content-Length").empty());
}

TEST(HttpReplyRewrite, WhenAHeadIsEncodedThenItReadsBackTheSame) {
  EXPECT_EQ(encode(ReplyHead{404, "Not Found", 1, {{"A", "b"}}}), "HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n");
  EXPECT_EQ(encode(RequestHead{"GET", "/x", 1, {{"A", "b"}}}), "GET /x HTTP/1.1\r\nA: b\r\n\r\n");
}

TEST(HttpRewrite, WhenAServiceSendsAnAliasOfItsOwnThenItIsRemoved) {
  const ReplyHead head{200, "OK", 1, {{"cpns-identity-alias", "forged"}, {"X-Kept", "1"}}};
  const auto made = rewrite(head, {}, 1, false);
  EXPECT_TRUE(values(made.fields, "CPNS-Identity-Alias").empty());
  EXPECT_EQ(values(made.fields, "X-Kept").size(), 1U);
}

TEST(HttpRewrite, a_pne_without_a_key_is_named_but_never_given_a_device_id) {
  RequestHead request{"GET",
                      "/",
                      1,
                      {{"Host", "hello"},
                       {"CPNS-Device-ID", "cm-forged"},
                       {"CPNS_PNE_NAME", "forged"},
                       {"cpns-via-device-id", "forged"}}};
  const VerifiedPne pne{kDevice.pn_gw_id, stream::PairingRef{{1}},
                        *ids::DeviceName::parse("K\xc3\xbc"
                                                "che"),
                        kDevice.cm_device_id};
  const auto made = rewrite(request, {}, pne);
  EXPECT_TRUE(values(made.fields, "CPNS-Device-ID").empty());
  EXPECT_EQ(values(made.fields, "CPNS-PNE-Name"), std::vector<std::string>{"K%C3%BCche"});
  EXPECT_EQ(values(made.fields, "CPNS-Via-Device-ID"), std::vector{kDevice.cm_device_id.text()});
  EXPECT_TRUE(values(made.fields, "CPNS_PNE_NAME").empty());
}

}  // namespace
}  // namespace cpns::server
