#include <gtest/gtest.h>

#include "server/admin/json.hpp"

namespace cpns::server::admin {
namespace {

std::string matched(std::string_view method, std::string_view target) {
  const auto found = match(method, target);
  if (!found) return std::string(found.error().info().name);
  std::string text(found->verb->path);
  for (const auto& value : found->request.values) text += " " + value;
  for (const auto& [name, value] : found->request.query) text += " " + name + "=" + value;
  return text;
}

TEST(AdminRequest, WhenMethodAndPathAreKnownThenTheVerbIsFound) {
  EXPECT_EQ(matched("GET", "/v1"), "/v1");
  EXPECT_EQ(matched("POST", "/v1/gateways"), "/v1/gateways");
  EXPECT_EQ(matched("GET", "/v1/devices/cm-abc"), "/v1/devices/{cm_device_id} cm-abc");
  EXPECT_EQ(matched("POST", "/v1/devices/cm%2Dabc/revoke"), "/v1/devices/{cm_device_id}/revoke cm-abc");
  EXPECT_EQ(matched("GET", "/v1/gateways?after=sip%3Aa&limit=5"), "/v1/gateways after=sip:a limit=5");
}

TEST(AdminRequest, WhenMethodOrPathAreUnknownThenTheRequestIsRefused) {
  for (const auto* target :
       {"/", "/v2", "/v1/", "/v1/devices/", "/v1//devices", "/v1/devices/a/b/c", "/v1/devices/%zz", "/v1/devices/%2"}) {
    EXPECT_EQ(matched("GET", target), "admin_path_unknown") << target;
  }
  EXPECT_EQ(matched("DELETE", "/v1/gateways"), "admin_path_unknown");
}

TEST(AdminRequest, WhenTheQueryHasOtherNamesOrOneTwiceThenTheRequestIsRefused) {
  EXPECT_EQ(matched("GET", "/v1/devices?page=2"), "admin_member_unknown");
  EXPECT_EQ(matched("GET", "/v1/status?x=1"), "admin_member_unknown");
  EXPECT_EQ(matched("GET", "/v1/devices?limit=1&limit=2"), "admin_request_malformed");
  EXPECT_EQ(matched("GET", "/v1/devices?limit=%g1"), "admin_request_malformed");
}

TEST(AdminRequest, WhenTheBodyIsNoObjectOrHasUnknownMembersThenItIsRefused) {
  EXPECT_TRUE(parse_body("", {"a"}).ok());
  EXPECT_TRUE(parse_body(R"({"a":1})", {"a", "b"}).ok());
  EXPECT_EQ(parse_body("[]", {"a"}).error().code, Code::admin_request_malformed);
  EXPECT_EQ(parse_body("{", {"a"}).error().code, Code::admin_request_malformed);
  EXPECT_EQ(parse_body(R"({"a":1} x)", {"a"}).error().code, Code::admin_request_malformed);
  EXPECT_EQ(parse_body(R"({"c":1})", {"a"}).error().code, Code::admin_member_unknown);
  EXPECT_EQ(parse_body(R"({"a":1})", {}).error().code, Code::admin_member_unknown);
}

TEST(AdminRequest, WhenAnErrorIsAnsweredThenItSaysWhatToDo) {
  const auto answer = reply(Error{Code::device_not_found, "cm-x", "a device"});
  EXPECT_EQ(answer.status, 404U);
  const auto json = Json::parse(answer.body);
  EXPECT_EQ(json.at("got"), "cm-x");
  EXPECT_FALSE(json.at("action").get<std::string>().empty());
  EXPECT_EQ(reply(Error{Code::store_overloaded}).status, 503U);
  EXPECT_EQ(reply(Error{Code::gateway_is_revoked}).status, 409U);
}

TEST(AdminRequest, WhenAPageSizeIsOutOfRangeThenItIsRefused) {
  Request request;
  EXPECT_EQ(*page_size(request), 500U);
  for (const auto* text : {"0", "1001", "-1", "x", "", "1 "}) {
    request.query["limit"] = text;
    EXPECT_FALSE(page_size(request).ok()) << text;
  }
  request.query["limit"] = "1000";
  EXPECT_EQ(*page_size(request), 1000U);
}

TEST(AdminRequest, WhenTheListIsReadThenEveryVerbSaysWhatItIs) {
  for (const auto* verb : verbs()) {
    EXPECT_FALSE(verb->what.empty()) << verb->path;
    EXPECT_FALSE(verb->gives.empty()) << verb->path;
  }
}

}  // namespace
}  // namespace cpns::server::admin
