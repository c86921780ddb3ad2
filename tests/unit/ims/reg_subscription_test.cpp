// A subscription against a network in this file: what is asked, which NOTIFY is believed, and when it is asked again.
#include "ims/reg_subscription.hpp"

#include <gtest/gtest.h>

#include "ims/sip_uri.hpp"
#include "runtime/system_random.hpp"

namespace cpns::ims {
namespace {

using State = RegSubscription::State;
using Kind = RegVerdict::Kind;
using Seconds = std::chrono::seconds;

class RegSubscriptionTest : public ::testing::Test {
 protected:
  static SipReply reply(int status, SipHeaders more = {}) {
    SipReply made{status, "", {{"To", "<sip:gw1@cpns.test>;tag=network"}, {"Expires", "3600"}}, {}};
    made.headers.insert(made.headers.end(), more.begin(), more.end());
    return made;
  }
  /// Brings it to Active.
  void subscribe() {
    asked_ = *subscription_.begin("<sip:orig@s.cpns.test;lr>").send;
    answered_ = subscription_.on_reply(reply(200, {{"Contact", "<sip:s.cpns.test:6060>"},
                                                   {"Record-Route", "<sip:near@p.cpns.test;lr>"},
                                                   {"Record-Route", "<sip:far.cpns.test;lr>"}}));
  }
  SipRequest notify(std::string_view event, std::uint32_t version, std::string_view state = "partial",
                    std::string_view subscription = "active;expires=3600") {
    const std::string body =
        R"(<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version=")" + std::to_string(version) + R"(" state=")" +
        std::string(state) +
        R"("><registration aor="sip:gw1@cpns.test" id="r" state="active"><contact id="c" state=")" +
        (event == "registered" ? "active" : "terminated") + R"(" event=")" + std::string(event) +
        R"("><uri>sip:192.0.2.1:5060</uri></contact></registration></reginfo>)";
    const auto from = find_header(asked_.headers, "From");
    return {"NOTIFY",
            "sip:192.0.2.1:5060",
            "",
            {{"Call-ID", std::string(find_header(asked_.headers, "Call-ID"))},
             {"From", "<sip:gw1@cpns.test>;tag=network"},
             {"To", std::string(from)},
             {"CSeq", std::to_string(++sequence_) + " NOTIFY"},
             {"Event", "reg"},
             {"Subscription-State", std::string(subscription)},
             {"Content-Type", std::string(kReginfoContentType)}},
            Bytes(body.begin(), body.end()),
            ""};
  }
  static SipRequest with(SipRequest request, std::string_view name, const std::string& value) {
    for (auto& header : request.headers) {
      if (header.name == name) header.value = value;
    }
    return request;
  }

  runtime::SystemRandom random_;
  RegSubscription subscription_{{"sip:gw1@cpns.test", "sip:p.cpns.test", "sip:192.0.2.1:5060"}, random_};
  SipRequest asked_;
  RegSubscription::Outcome answered_;
  std::uint32_t sequence_ = 0;
};

TEST_F(RegSubscriptionTest, when_the_user_leaves_then_the_subscription_is_ended_in_its_dialogue) {
  EXPECT_FALSE(subscription_.leave());
  subscribe();
  const auto last = subscription_.leave();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->method, "SUBSCRIBE");
  EXPECT_EQ(last->uri, "sip:s.cpns.test:6060");
  EXPECT_EQ(find_header(last->headers, "Expires"), "0");
  EXPECT_EQ(find_header(last->headers, "Call-ID"), find_header(asked_.headers, "Call-ID"));
  EXPECT_EQ(header_parameter(find_header(last->headers, "To"), "tag"), "network");
  EXPECT_EQ(subscription_.state(), State::Idle);
  EXPECT_EQ(subscription_.on_notify(notify("registered", 0)).status, 481);
  EXPECT_FALSE(subscription_.leave());
}

TEST_F(RegSubscriptionTest, when_it_begins_then_the_user_s_own_state_is_asked_for_by_the_service_route) {
  subscribe();
  EXPECT_EQ(asked_.method, "SUBSCRIBE");
  EXPECT_EQ(asked_.uri, "sip:gw1@cpns.test");
  EXPECT_EQ(asked_.next_hop, "sip:p.cpns.test");
  EXPECT_EQ(find_header(asked_.headers, "Event"), "reg");
  EXPECT_EQ(find_header(asked_.headers, "Accept"), kReginfoContentType);
  EXPECT_EQ(find_header(asked_.headers, "Route"), "<sip:orig@s.cpns.test;lr>");
  EXPECT_EQ(answered_.wake_after, Seconds(3000));
  EXPECT_FALSE(subscription_.begin("").send);
}

TEST_F(RegSubscriptionTest, when_its_time_is_nearly_over_then_it_is_refreshed_in_its_dialogue) {
  subscribe();
  const auto refresh = subscription_.on_time();
  ASSERT_TRUE(refresh.send);
  EXPECT_EQ(refresh.send->uri, "sip:s.cpns.test:6060");
  EXPECT_EQ(find_header(refresh.send->headers, "Route"), "<sip:far.cpns.test;lr>, <sip:near@p.cpns.test;lr>");
  EXPECT_EQ(find_header(refresh.send->headers, "To"), "<sip:gw1@cpns.test>;tag=network");
  EXPECT_EQ(find_header(refresh.send->headers, "Call-ID"), find_header(asked_.headers, "Call-ID"));
  EXPECT_EQ(find_header(refresh.send->headers, "CSeq"), "2 SUBSCRIBE");
  // A dialogue that the other side has lost is made anew.
  const auto anew = subscription_.on_reply({481, "", {}, {}});
  ASSERT_TRUE(anew.send);
  EXPECT_NE(find_header(anew.send->headers, "Call-ID"), find_header(asked_.headers, "Call-ID"));
  EXPECT_EQ(anew.send->uri, "sip:gw1@cpns.test");
}

TEST_F(RegSubscriptionTest, when_the_network_ends_the_registration_then_the_verdict_says_how_and_the_dialogue_is_over) {
  for (const auto& [event, kind] : {std::pair{"deactivated", Kind::Again}, {"rejected", Kind::Stop}}) {
    subscribe();
    EXPECT_EQ(subscription_.on_notify(notify("registered", 0, "full")).verdict.kind, Kind::Stands);
    const auto ended = subscription_.on_notify(notify(event, 1));
    EXPECT_EQ(ended.status, 200);
    EXPECT_EQ(ended.verdict.kind, kind);
    EXPECT_EQ(subscription_.state(), State::Idle);
    EXPECT_EQ(subscription_.on_notify(notify(event, 2)).status, 481);
  }
}

TEST_F(RegSubscriptionTest, when_a_notify_comes_before_the_200_then_it_counts_and_the_200_of_another_branch_does_not) {
  asked_ = *subscription_.begin("").send;
  EXPECT_EQ(subscription_.on_notify(notify("registered", 0, "full")).status, 200);
  EXPECT_EQ(subscription_.on_notify(with(notify("rejected", 1), "From", "<sip:a>;tag=other")).status, 481);
  auto other = reply(200, {{"Contact", "<sip:evil.test>"}});
  other.headers[0].value = "<sip:gw1@cpns.test>;tag=other";
  static_cast<void>(subscription_.on_reply(other));
  EXPECT_EQ(subscription_.on_time().send->uri, "sip:gw1@cpns.test");
}

TEST_F(RegSubscriptionTest, when_a_notify_is_not_of_the_dialogue_then_it_changes_nothing) {
  EXPECT_EQ(subscription_.on_notify(notify("rejected", 0)).status, 481);
  subscribe();
  const auto good = notify("rejected", 0);
  for (const auto& [name, value] : {std::pair{"Call-ID", "other"},
                                    {"To", "<sip:gw1@cpns.test>;tag=other"},
                                    {"To", "<sip:gw1@cpns.test>"},
                                    {"From", "<sip:gw1@cpns.test>;tag=other"},
                                    {"From", "\";tag=network\" <sip:a;tag=network>"}}) {
    EXPECT_EQ(subscription_.on_notify(with(good, name, value)).status, 481) << name << value;
  }
  EXPECT_EQ(subscription_.on_notify(with(good, "Event", "presence")).status, 489);
  EXPECT_EQ(subscription_.on_notify(with(good, "CSeq", "NOTIFY")).status, 500);
  EXPECT_EQ(subscription_.on_notify(with(good, "Content-Type", "text/plain")).status, 415);
  EXPECT_EQ(subscription_.state(), State::Active);
}

TEST_F(RegSubscriptionTest, when_a_notify_is_repeated_or_older_then_it_is_not_obeyed) {
  subscribe();
  const auto old = notify("rejected", 3);
  EXPECT_EQ(subscription_.on_notify(notify("registered", 5, "full")).status, 200);
  EXPECT_EQ(subscription_.on_notify(old).status, 500);
  // A fresh request with a document that is not newer: taken, and passed over (RFC 3680 section 4.7).
  for (const std::uint32_t version : {4U, 5U}) {
    const auto late = subscription_.on_notify(notify("rejected", version));
    EXPECT_EQ(late.status, 200);
    EXPECT_EQ(late.verdict.kind, Kind::Stands);
  }
  EXPECT_EQ(subscription_.on_notify(notify("rejected", 6)).verdict.kind, Kind::Stop);
}

TEST_F(RegSubscriptionTest, when_documents_were_missed_then_a_refresh_asks_for_all) {
  subscribe();
  EXPECT_FALSE(subscription_.on_notify(notify("registered", 0, "full")).outcome.send);
  EXPECT_FALSE(subscription_.on_notify(notify("registered", 1)).outcome.send);
  EXPECT_TRUE(subscription_.on_notify(notify("registered", 3)).outcome.send);
  EXPECT_EQ(subscription_.state(), State::Refreshing);
}

TEST_F(RegSubscriptionTest, when_a_document_cannot_be_read_then_400_and_the_reason) {
  subscribe();
  auto bad = notify("registered", 0);
  bad.body = {'<'};
  const auto refused = subscription_.on_notify(bad);
  EXPECT_EQ(refused.status, 400);
  ASSERT_TRUE(refused.outcome.error);
  EXPECT_EQ(refused.outcome.error->code, Code::sip_malformed);
  bad = notify("registered", 0);
  bad.body.clear();
  EXPECT_EQ(subscription_.on_notify(bad).status, 200);
}

TEST_F(RegSubscriptionTest, when_the_subscription_ends_and_the_registration_does_not_then_it_is_asked_for_again) {
  subscribe();
  auto ended = subscription_.on_notify(notify("registered", 0, "full", "terminated;reason=timeout"));
  EXPECT_EQ(ended.outcome.wake_after, Seconds(2));
  EXPECT_EQ(subscription_.state(), State::Pausing);
  asked_ = *subscription_.on_time().send;
  static_cast<void>(subscription_.on_reply(reply(200)));
  // At once again: the pause has grown. A time that the network names is kept.
  ended = subscription_.on_notify(notify("registered", 0, "full", "terminated"));
  EXPECT_EQ(ended.outcome.wake_after, Seconds(4));
  subscription_.end();
  subscribe();
  ended = subscription_.on_notify(notify("registered", 0, "full", "terminated;reason=probation;retry-after=900"));
  EXPECT_EQ(ended.outcome.wake_after, Seconds(900));
  subscription_.end();
  subscribe();
  ended = subscription_.on_notify(notify("registered", 0, "full", "terminated;reason=noresource"));
  EXPECT_EQ(ended.outcome.wake_after, Seconds(1800));
}

TEST_F(RegSubscriptionTest, when_the_network_shortens_the_subscription_then_the_refresh_comes_earlier) {
  subscribe();
  EXPECT_EQ(subscription_.on_notify(notify("registered", 0, "full", "active;expires=100")).outcome.wake_after,
            Seconds(50));
}

TEST_F(RegSubscriptionTest, when_the_network_has_no_such_package_then_it_is_asked_seldom_else_with_growing_pauses) {
  static_cast<void>(subscription_.begin(""));
  const auto refused = subscription_.on_reply(reply(489));
  EXPECT_EQ(refused.wake_after, Seconds(1800));
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->code, Code::sip_not_sent);
  subscription_.end();
  static_cast<void>(subscription_.begin(""));
  std::vector<long> pauses;
  for (int i = 0; i < 8; ++i) {
    pauses.push_back(subscription_.on_reply({503, "", {}, {}}).wake_after->count());
    static_cast<void>(subscription_.on_time());
  }
  EXPECT_EQ(pauses, (std::vector<long>{2, 4, 8, 16, 32, 64, 120, 120}));
  EXPECT_EQ(subscription_.on_reply({503, "", {{"Retry-After", "400 (busy)"}}, {}}).wake_after, Seconds(400));
}

TEST(SipUriTest, when_texts_are_looked_into_then_quotes_and_brackets_hide_what_stands_in_them) {
  EXPECT_EQ(header_parameter(R"("a;tag=1 <\";tag=2" <sip:a;tag=3>;x;Tag = 4)", "tag"), "4");
  EXPECT_EQ(header_parameter("<sip:a;tag=3>;x", "x"), "");
  EXPECT_EQ(header_parameter("<sip:a;tag=3>;x", "tag"), std::nullopt);
  EXPECT_EQ(header_word(" reg ; id=1"), "reg");
  EXPECT_EQ(header_uri("\"<sip:b>\" <sip:a;lr>;tag=1"), "sip:a;lr");
  EXPECT_EQ(header_uri("sip:a;tag=1"), "sip:a");
  EXPECT_EQ(uri_host("sip:u;x=y@[2001:db8::1]:5060;transport=tcp"), "2001:db8::1");
  EXPECT_EQ(uri_host("sip:p.cpns.test;transport=tcp"), "p.cpns.test");
  EXPECT_EQ(uri_host("sip"), "");
  EXPECT_EQ(uri_parameter("sip:u;maddr=no@p.cpns.test;lr;maddr=192.0.2.1", "maddr"), "192.0.2.1");
  EXPECT_TRUE(same_place("sip:u@H:5060;a=b", "SIP:u@h:5060?x=y"));
  EXPECT_FALSE(same_place("sip:U@h", "sip:u@h"));
  EXPECT_FALSE(same_place("", ""));
  EXPECT_EQ(decimal("4294967295"), 4294967295U);
  EXPECT_EQ(decimal("4294967296"), std::nullopt);
  EXPECT_EQ(decimal("-1"), std::nullopt);
  EXPECT_EQ(decimal(""), std::nullopt);
}

}  // namespace
}  // namespace cpns::ims
