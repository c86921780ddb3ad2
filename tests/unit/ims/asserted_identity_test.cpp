// Whom an application server believes.
#include "ims/asserted_identity.hpp"

#include <gtest/gtest.h>

namespace cpns::ims {
namespace {

std::string identity(const SipHeaders& headers) {
  const auto id = asserted_identity(headers);
  return id ? id->text() : std::string(id.error().info().name);
}
std::string identity(const std::string& value) { return identity(SipHeaders{{"P-Asserted-Identity", value}}); }

TEST(AssertedIdentity, when_there_is_exactly_one_then_its_uri_is_the_user) {
  EXPECT_EQ(identity("<sip:gw1@cpns.test>"), "sip:gw1@cpns.test");
  EXPECT_EQ(identity("\"Gateway, one\" <sip:gw1@cpns.test>"), "sip:gw1@cpns.test");
  EXPECT_EQ(identity(" sip:gw1@cpns.test "), "sip:gw1@cpns.test");
  EXPECT_EQ(identity("<tel:+15551234>"), "tel:+15551234");
  EXPECT_EQ(identity("<sip:a%20b@[2001:DB8::1]>"), "sip:a%20b@[2001:db8::1]");
  EXPECT_EQ(identity(SipHeaders{{"From", "<sip:a@x.test>"}, {"p-asserted-identity", "<sip:b@x.test>"}}),
            "sip:b@x.test");
}

TEST(AssertedIdentity, when_two_texts_name_one_user_then_the_identity_is_one) {
  EXPECT_EQ(identity("<SIP:gw1@CPNS.Test>"), "sip:gw1@cpns.test");
  EXPECT_EQ(identity("<sip:GW1@cpns.test>"), "sip:GW1@cpns.test");
  EXPECT_EQ(identity("<tel:+1-555-(12)3.4>"), "tel:+15551234");
}

TEST(AssertedIdentity, when_there_is_none_then_from_does_not_stand_in_for_it) {
  EXPECT_EQ(identity(SipHeaders{{"From", "<sip:gw1@cpns.test>"}, {"P-Preferred-Identity", "<sip:gw1@cpns.test>"}}),
            "sip_identity_missing");
}

TEST(AssertedIdentity, when_there_are_two_then_neither_is_believed) {
  EXPECT_EQ(identity(SipHeaders{{"P-Asserted-Identity", "<sip:a@x.test>"}, {"P-Asserted-Identity", "<sip:b@x.test>"}}),
            "sip_identity_ambiguous");
  EXPECT_EQ(identity("<sip:a@x.test>, <tel:+1555>"), "sip_identity_ambiguous");
  EXPECT_EQ(identity("sip:a@x.test,sip:b@x.test"), "sip_identity_ambiguous");
}

TEST(AssertedIdentity, when_it_is_no_plain_uri_of_a_user_then_it_is_refused) {
  for (const auto* bad : {"",
                          "<",
                          "<>",
                          "sip:",
                          "<sip:x.test>",
                          "<sip:@x.test>",
                          "<sip:a@>",
                          "<sip:a@b@x.test>",
                          "<sip:a:pw@x.test>",
                          "<sip:a@x.test;user=phone>",
                          "<sip:a@x.test?X=y>",
                          "<sip:a@x.test>;p=1",
                          "<http://x.test/>",
                          "<urn:uuid:1>",
                          "<tel:1+2>",
                          "<tel:+>",
                          "<tel:+1;ext=2>",
                          "\"a <sip:a@x.test>",
                          "\"a\\\" <sip:b@x.test>\" <sip:a@x.test>",
                          "<sip:a\x01@x.test>",
                          "<sip:a\xc3\xa9@x.test>",
                          "<sip:%61@x.test>",
                          "<sip:a%2fb@x.test>",
                          "<sip:a%2@x.test>",
                          "<sip:a%@x.test>",
                          "<sip:a%zzb@x.test>",
                          "<sip:a@x%2Etest>",
                          "<sip:a@x.test:5060>",
                          "<sip:a@x.test.>",
                          "<sip:a@.x.test>",
                          "<sip:a@x..test>",
                          "<sip:a@x.test/b>",
                          "<sip:a@(x.test)>",
                          "<sip:a@[]>",
                          "<sip:a@[::1>",
                          "<sip:a@[::1]:5060>",
                          "<sip:a@x.test\r\n >",
                          "<sip:a@x.test>\r\n ,<sip:b@x.test>",
                          "a <sip:a@x.test>",
                          "\"a\" sip:a@x.test"}) {
    EXPECT_EQ(identity(bad), "sip_identity_ambiguous") << bad;
  }
  EXPECT_EQ(identity("<sip:" + std::string(300, 'a') + "@x.test>"), "sip_identity_ambiguous");
}

}  // namespace
}  // namespace cpns::ims
