// Documents of a registrar, good and hostile: what is read, what is refused, and what it means for this user.
#include "ims/reginfo.hpp"

#include <gtest/gtest.h>

namespace cpns::ims {
namespace {

using Kind = RegVerdict::Kind;
constexpr std::string_view kUser = "sip:gw1@cpns.test";
constexpr std::string_view kHere = "sip:192.0.2.1:5060;transport=tcp";

std::string document(std::string_view inside, std::string_view more = R"(version="0" state="full")") {
  return R"(<?xml version="1.0"?><reginfo xmlns="urn:ietf:params:xml:ns:reginfo" )" + std::string(more) + ">" +
         std::string(inside) + "</reginfo>";
}
std::string contact(std::string_view uri, std::string_view state, std::string_view event, std::string_view more = "") {
  return R"(<contact id="c" state=")" + std::string(state) + R"(" event=")" + std::string(event) + R"(" )" +
         std::string(more) + "><uri>" + std::string(uri) + "</uri></contact>";
}
std::string registration(std::string_view state, std::string_view inside, std::string_view aor = kUser) {
  return R"(<registration aor=")" + std::string(aor) + R"(" id="r" state=")" + std::string(state) + R"(">)" +
         std::string(inside) + "</registration>";
}
RegVerdict verdict(const std::string& text) {
  const auto info = parse_reginfo(as_bytes(text));
  EXPECT_TRUE(info.ok()) << text << (info.ok() ? "" : to_text(info.error()));
  return info ? judge(*info, kUser, kHere) : RegVerdict{};
}
std::string refusal(const std::string& text) {
  const auto info = parse_reginfo(as_bytes(text));
  return info ? "read" : info.error().got;
}

TEST(ReginfoTest, when_a_document_is_whole_then_all_that_matters_is_read) {
  const auto text = document(
      registration("active", contact(kHere, "active", "registered", R"(expires="36" q="0.5")") +
                                 contact("sip:b@192.0.2.7", "terminated", "probation", R"(retry-after="40")")) +
          registration("init", "", "tel:+15550100"),
      R"(version="7" state="partial")");
  const auto info = parse_reginfo(as_bytes(text));
  ASSERT_TRUE(info.ok()) << to_text(info.error());
  EXPECT_EQ(info->version, 7U);
  EXPECT_FALSE(info->full);
  ASSERT_EQ(info->entries.size(), 2U);
  EXPECT_EQ(info->entries[1].aor, "tel:+15550100");
  EXPECT_EQ(info->entries[1].state, RegState::Init);
  ASSERT_EQ(info->entries[0].contacts.size(), 2U);
  EXPECT_EQ(info->entries[0].contacts[0].uri, kHere);
  EXPECT_FALSE(info->entries[0].contacts[0].terminated);
  EXPECT_TRUE(info->entries[0].contacts[1].terminated);
  EXPECT_EQ(info->entries[0].contacts[1].event, RegEvent::Probation);
  EXPECT_EQ(info->entries[0].contacts[1].retry_after, 40U);
}

TEST(ReginfoTest, when_a_name_is_of_another_namespace_or_unknown_then_it_is_passed_over) {
  const auto text =
      document(R"(<later><registration aor="sip:x" state="?"/></later>)" +
               registration("active", R"(<c:contact xmlns:c="urn:c" state="?"/><unknown-param name="x"/>)" +
                                          contact(kHere, "terminated", "rejected")));
  EXPECT_EQ(verdict(text).kind, Kind::Stop);
  EXPECT_EQ(refusal(R"(<reginfo version="0" state="full"/>)"), "reginfo with another root");
}

TEST(ReginfoTest, when_the_sender_is_hostile_then_the_document_is_refused) {
  EXPECT_EQ(refusal(R"(<!DOCTYPE reginfo [<!ENTITY a "b">]>)" + document("").substr(21)),
            "reginfo with a document type");
  EXPECT_EQ(refusal("<!DOCTYPE reginfo SYSTEM 'file:///etc/passwd'>" + document("").substr(21)),
            "reginfo with a document type");
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "<a>";
  EXPECT_EQ(refusal(document(deep)), "reginfo with elements 17 deep");
  std::string many;
  for (int i = 0; i < 600; ++i) many += R"(<registration aor="sip:a" state="init"/>)";
  EXPECT_EQ(refusal(document(many)), "reginfo with more than 512 registrations and contacts");
  EXPECT_EQ(refusal(document(std::string(70'000, ' '))), "reginfo of 70104 bytes");
  EXPECT_NE(refusal(document("&a;")), "read");
  EXPECT_NE(refusal(document("\xff")), "read");
  EXPECT_NE(refusal(document("") + "x"), "read");
  EXPECT_NE(refusal(""), "read");
  EXPECT_NE(refusal("<?xml version=\"1.0\" encoding=\"UTF-16\"?>" + document("").substr(21) + "\xfe"), "read");
}

TEST(ReginfoTest, when_something_that_must_be_there_is_missing_or_unknown_then_the_document_is_refused) {
  for (const auto* head : {"", R"(version="0")", R"(version="-1" state="full")", R"(version="4294967296" state="full")",
                           R"(version="0" state="half")"}) {
    EXPECT_EQ(refusal(document("", head)), "reginfo with no version or state") << head;
  }
  EXPECT_EQ(refusal(document(registration("active", "", ""))), "reginfo with a registration without aor or state");
  EXPECT_EQ(refusal(document(registration("ended", ""))), "reginfo with a registration without aor or state");
  const auto inside = [](const std::string& one) { return document(registration("active", one)); };
  EXPECT_EQ(refusal(inside(contact(kHere, "ended", "rejected"))), "reginfo with a contact with another state or event");
  EXPECT_EQ(refusal(inside(contact(kHere, "active", "lost"))), "reginfo with a contact with another state or event");
  EXPECT_EQ(refusal(inside(contact("", "active", "registered"))), "reginfo with a contact without URI");
  EXPECT_EQ(refusal(inside(contact("sip:a&#10;b", "active", "registered"))), "reginfo with a contact without URI");
  EXPECT_EQ(refusal(inside(R"(<contact state="active" event="registered"><uri>sip:a</uri><uri>sip:b</uri></contact>)")),
            "reginfo with a contact with two URIs");
}

TEST(ReginfoTest, when_our_contact_is_terminated_then_the_event_says_what_to_do) {
  const auto of = [](std::string_view event, std::string_view more = "") {
    return verdict(document(registration("active", contact(kHere, "terminated", event, more))));
  };
  EXPECT_EQ(of("deactivated").kind, Kind::Again);
  EXPECT_EQ(of("expired").kind, Kind::Again);
  EXPECT_EQ(of("rejected").kind, Kind::Stop);
  EXPECT_EQ(of("unregistered").kind, Kind::Stop);
  EXPECT_EQ(of("probation", R"(retry-after="7")").kind, Kind::AgainLater);
  EXPECT_EQ(of("probation", R"(retry-after="7")").retry_after, 7U);
  EXPECT_EQ(of("rejected").event, RegEvent::Rejected);
}

TEST(ReginfoTest, when_it_is_about_others_then_the_registration_stands) {
  EXPECT_EQ(verdict(document(registration("active", contact("sip:192.0.2.2:5060", "terminated", "rejected")))).kind,
            Kind::Stands);
  EXPECT_EQ(
      verdict(document(registration("terminated", contact(kHere, "terminated", "rejected"), "sip:gw2@cpns.test"))).kind,
      Kind::Stands);
  EXPECT_EQ(verdict(document("")).kind, Kind::Stands);
  // Ended, and back in the same document.
  EXPECT_EQ(verdict(document(registration(
                        "active", contact(kHere, "terminated", "expired") + contact(kHere, "active", "registered"))))
                .kind,
            Kind::Stands);
}

TEST(ReginfoTest, when_the_whole_registration_is_terminated_then_a_contact_that_is_not_listed_ends_with_it) {
  EXPECT_EQ(verdict(document(registration("terminated", ""))).kind, Kind::Again);
  EXPECT_EQ(verdict(document(registration("terminated", contact("sip:10.0.0.1:9", "terminated", "rejected")))).kind,
            Kind::Stop);
  EXPECT_EQ(verdict(document(registration("terminated", contact("sip:10.0.0.1:9", "terminated", "deactivated")))).event,
            RegEvent::Deactivated);
  // The host in other letters and other parameters are the same place.
  EXPECT_EQ(verdict(document(registration("active", contact("sip:192.0.2.1:5060;x=y", "terminated", "rejected"),
                                          "SIP:gw1@CPNS.test")))
                .kind,
            Kind::Stop);
}

}  // namespace
}  // namespace cpns::ims
