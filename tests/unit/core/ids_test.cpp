#include <gtest/gtest.h>

#include "core/ids/ids.hpp"

namespace cpns::ids {
namespace {

TEST(Ids, when_a_name_is_empty_too_long_not_utf8_or_holds_controls_then_it_is_refused) {
  EXPECT_TRUE(ServerId::parse("cpns.example.net"));
  EXPECT_TRUE(ServerId::parse("server.例え.example"));
  EXPECT_TRUE(PnGwId::parse(std::string(255, 'x')));
  EXPECT_FALSE(PnGwId::parse(std::string(256, 'x')));
  EXPECT_FALSE(ServerId::parse(""));
  EXPECT_FALSE(ServerId::parse("a\x1b[31mb")) << "an escape sequence for the operator's terminal";
  EXPECT_FALSE(ServerId::parse(std::string_view("a\0b", 3)));
  EXPECT_FALSE(DeviceName::parse("\xff"));
  EXPECT_FALSE(DeviceName::parse(std::string(65, 'x')));
  EXPECT_EQ(PnGwId::parse("").error().code, Code::pn_gw_id_malformed);
}

TEST(CmDeviceId, has_exactly_one_spelling) {
  const auto id = CmDeviceId::parse("cm-c6jov3rrlmps4ac2aazs4woguu");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), "cm-c6jov3rrlmps4ac2aazs4woguu");
  EXPECT_EQ(to_hex(id->bytes()), "1792eaee315b1f2e005a00332e59c6a5");
  EXPECT_FALSE(CmDeviceId::parse("cm-C6JOV3RRLMPS4AC2AAZS4WOGUU"));
  EXPECT_FALSE(CmDeviceId::parse("CM-c6jov3rrlmps4ac2aazs4woguu"));
  EXPECT_FALSE(CmDeviceId::parse("cm-c6jov3rrlmps4ac2aazs4woguv")) << "unused bits";
  EXPECT_FALSE(CmDeviceId::parse("cm-c6jov3rrlmps4ac2aazs4wogu"));
  EXPECT_FALSE(CmDeviceId::parse("c6jov3rrlmps4ac2aazs4woguu"));
}

TEST(Endpoint, is_host_and_port) {
  EXPECT_EQ(Endpoint::parse("cpns.example.net:7443")->port(), 7443);
  EXPECT_EQ(Endpoint::parse("[2001:db8::1]:443")->host(), "2001:db8::1");
  for (const auto* bad : {"", ":443", "host", "host:", "host:0", "host:65536", "host:4 43", "ho st:443", "host:443x",
                          "host/../:443", "2001:db8::1:443x", "[]:1"}) {
    EXPECT_FALSE(Endpoint::parse(bad)) << bad;
  }
  EXPECT_FALSE(Endpoint::parse(std::string(260, 'a') + ":443"));
}

TEST(OpaqueId, takes_exactly_its_size) {
  EXPECT_TRUE(AssignmentId::from(Bytes(16)));
  EXPECT_FALSE(AssignmentId::from(Bytes(15)));
  EXPECT_FALSE(CorrelationId::from(Bytes(9)));
}

}  // namespace
}  // namespace cpns::ids
