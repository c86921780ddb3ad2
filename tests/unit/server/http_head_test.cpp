#include "server/http_head.hpp"

#include <gtest/gtest.h>

namespace cpns::server {
namespace {

using namespace std::string_literals;

bool accepted(std::string_view raw) { return check_head_lines(raw).ok(); }

TEST(HttpHeadLines, WhenLinesAreAsTheyShouldBeThenTheyAreAccepted) {
  EXPECT_TRUE(accepted("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(accepted("GET / HTTP/1.1\r\nHost: hello\r\nX-Empty:\r\nX-Tab:\tvalue\r\nX-Latin: caf\xe9\r\n\r\n"));
}

TEST(HttpHeadLines, WhenALineEndsWithABareLineFeedThenTheHeadIsRefused) {
  EXPECT_FALSE(accepted("GET / HTTP/1.1\nHost: hello\r\n\r\n"));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nHost: hello\nX: y\r\n\r\n"));
}

TEST(HttpHeadLines, WhenACarriageReturnStandsAloneThenTheHeadIsRefused) {
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nHost: he\rllo\r\n\r\n"));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\r\n\r\n"));
}

TEST(HttpHeadLines, WhenALineIsFoldedThenTheHeadIsRefused) {
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n"));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\n CPNS-Device-ID: cm-x\r\n\r\n"));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n"));
}

TEST(HttpHeadLines, WhenABlankStandsBeforeTheColonThenTheHeadIsRefused) {
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nHost : hello\r\n\r\n"));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nContent-Length\t: 5\r\n\r\n"));
}

TEST(HttpHeadLines, WhenANameIsMissingOrNoTokenThenTheHeadIsRefused) {
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\n: hello\r\n\r\n"));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nno colon\r\n\r\n"));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nX(y): z\r\n\r\n"));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nX\xc3\xa9: z\r\n\r\n"));
}

TEST(HttpHeadLines, WhenAControlCharacterIsThereThenTheHeadIsRefused) {
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"s));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\nX: a\x7f\r\n\r\n"));
  EXPECT_FALSE(accepted("GET /\x01 HTTP/1.1\r\n\r\n"));
}

TEST(HttpHeadLines, WhenThereIsNoEndOrMoreThanOneHeadThenItIsRefused) {
  EXPECT_FALSE(accepted(""));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\n"));
  EXPECT_FALSE(accepted("\r\n\r\n"));
  EXPECT_FALSE(accepted("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"));
}

TEST(HttpHeadLines, WhenThereAreMoreThanAHundredFieldsThenTheHeadIsRefused) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < kMaxHeadFields; ++i) head += "X: y\r\n";
  EXPECT_TRUE(accepted(head + "\r\n"));
  EXPECT_FALSE(accepted(head + "X: y\r\n\r\n"));
}

TEST(HttpHeadLines, WhenTheHeadIsWholeThenItsSizeIsKnown) {
  EXPECT_EQ(head_size("GET / HTTP/1.1\r\n\r\nbody"), 18U);
  EXPECT_EQ(head_size("GET / HTTP/1.1\r\n\r"), 0U);
}

TEST(HttpIdentityField, WhenACgiServiceWouldTakeANameForTheIdentityThenItIsOne) {
  for (const auto* name : {"CPNS-Device-ID", "cpns-device-id", "CPNS_DEVICE_ID", "cpns_device-id", "Cpns.Device.Id",
                           "CPNS-PN-GW-ID", "cpns_pn_gw_id", "CPNS~PN!GW*ID"}) {
    EXPECT_TRUE(is_identity_field(name)) << name;
  }
  for (const auto* name : {"CPNS-Device", "X-CPNS-Device-ID", "CPNS-Device-IDs", "CPNSDeviceID", "Device-ID", ""}) {
    EXPECT_FALSE(is_identity_field(name)) << name;
  }
}

TEST(HttpPercentEncoding, WhenIdentitiesDifferThenTheirFieldsDiffer) {
  EXPECT_EQ(percent_encode("sip:alice@ims.example.net"), "sip:alice@ims.example.net");
  EXPECT_EQ(percent_encode("sip:a b"), "sip:a%20b");
  EXPECT_EQ(percent_encode("sip:a%20b"), "sip:a%2520b");
  EXPECT_EQ(percent_encode("urn:caf\xc3\xa9"), "urn:caf%C3%A9");
  EXPECT_EQ(percent_encode("a,\"b\""), "a%2C%22b%22");
}

}  // namespace
}  // namespace cpns::server
