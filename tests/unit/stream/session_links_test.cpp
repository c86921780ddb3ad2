// What becomes of streams when links are cut, preferred, finished and lost.

#include "core/stream/session.hpp"

#include "two_sessions.hpp"

namespace cpns::stream {
namespace {

using test::kEcho;
using test::Millis;
using test::sample;
using test::TwoSessions;

// The same conversation, with the only link cut after each delivered message in turn.
TEST(Session, wherever_the_link_is_cut_the_streams_go_on_byte_for_byte) {
  const auto question = sample(90'000, 3);
  const auto answer = sample(120'000, 4);
  std::size_t longest = 1;
  for (std::size_t cut_after = 1; cut_after <= longest; ++cut_after) {
    TwoSessions two;
    auto link = two.connect(true);
    const auto id = *two.device.open(kEcho);
    std::size_t asked = 0;
    std::size_t answered = 0;
    std::string heard;
    std::string got;
    bool cut = false;
    for (int idle = 0; idle < 4;) {
      const auto before = two.delivered;
      two.pump(20'000);
      for (const auto number : two.numbers()) {
        for (const auto to : {Side::Server, Side::Device}) {
          if (!two.deliver_one(number, to)) continue;
          if (!cut && two.delivered == cut_after) {
            two.cut(link);
            link = two.connect(true);
            cut = true;
          }
        }
      }
      for (const auto& opened : TwoSessions::all<Opened>(two.server_events)) two.server.accept(opened.stream);
      if (asked < question.size()) asked += two.device.write(id, as_bytes(question).subspan(asked));
      if (asked == question.size()) two.device.finish(id);
      heard += TwoSessions::read_all(two.server, id);
      if (heard.size() == question.size() && answered < answer.size()) {
        answered += two.server.write(id, as_bytes(answer).subspan(answered));
        if (answered == answer.size()) two.server.finish(id);
      }
      got += TwoSessions::read_all(two.device, id);
      two.collect();
      if (two.delivered == before) {
        two.device.acknowledge();
        two.server.acknowledge();
        ++idle;
      } else {
        idle = 0;
      }
    }
    if (!cut) break;
    longest = cut_after + 1;
    ASSERT_EQ(heard, question) << "cut after message " << cut_after;
    ASSERT_EQ(got, answer) << "cut after message " << cut_after;
    ASSERT_EQ(two.device.streams(), 0U) << "cut after message " << cut_after;
    ASSERT_EQ(two.server.streams(), 0U) << "cut after message " << cut_after;
    ASSERT_EQ(TwoSessions::all<Opened>(two.server_events).size(), 1U) << "cut after message " << cut_after;
    const auto over = TwoSessions::all<Over>(two.device_events);
    ASSERT_EQ(over.size(), 1U);
    ASSERT_FALSE(over[0].reason) << "cut after message " << cut_after;
  }
  EXPECT_GT(longest, 15U) << "the conversation was too short to say anything";
}

TEST(Session, when_another_link_is_preferred_then_data_moves_there_and_nothing_is_sent_twice) {
  TwoSessions two;
  const auto first = two.connect(true);
  const auto id = two.open_stream();
  const auto second = two.connect(false);
  two.settle();
  ASSERT_EQ(two.device.write(id, as_bytes(std::string_view("over the first, "))), 16U);
  two.pump();
  EXPECT_EQ(two.waiting(first, Side::Server), 1U);
  EXPECT_EQ(two.waiting(second, Side::Server), 0U);
  two.device.prefer(second);
  ASSERT_EQ(two.device.write(id, as_bytes(std::string_view("over the second"))), 15U);
  two.pump();
  EXPECT_EQ(two.waiting(first, Side::Server), 1U);
  EXPECT_EQ(two.waiting(second, Side::Server), 2U) << "LinkPrefer and the data";
  while (two.deliver_one(second, Side::Server)) {
  }
  EXPECT_EQ(TwoSessions::read_all(two.server, id), "") << "what came early waits";
  two.settle();
  EXPECT_EQ(TwoSessions::read_all(two.server, id), "over the first, over the second");
  ASSERT_EQ(two.server.write(id, as_bytes(std::string_view("back"))), 4U);
  two.pump();
  EXPECT_EQ(two.waiting(second, Side::Device), 1U) << "the Server follows";
}

TEST(Session, when_a_link_is_finished_then_both_sides_end_it_and_nothing_is_lost) {
  TwoSessions two;
  const auto first = two.connect(true);
  const auto id = two.open_stream();
  const auto second = two.connect(false);
  two.settle();
  ASSERT_EQ(two.device.write(id, as_bytes(std::string_view("begun here, "))), 12U);
  two.pump();
  two.device.prefer(second);
  two.device.finish_link(first);
  ASSERT_EQ(two.device.write(id, as_bytes(std::string_view("ended there"))), 11U);
  two.settle();
  EXPECT_EQ(TwoSessions::read_all(two.server, id), "begun here, ended there");
  const auto over = TwoSessions::all<LinkOver>(two.device_events);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].link, first);
  EXPECT_EQ(two.device.links(), 1U);
  EXPECT_EQ(two.server.links(), 1U);
}

TEST(Session, when_the_link_is_lost_right_after_link_done_then_what_it_carried_comes_again) {
  TwoSessions two;
  const auto first = two.connect(true);
  const auto id = two.open_stream();
  const auto second = two.connect(false);
  two.settle();
  ASSERT_EQ(two.server.write(id, as_bytes(std::string_view("from the Server"))), 15U);
  two.pump();  // under way on the first link
  two.device.prefer(second);
  two.device.finish_link(first);
  two.pump();
  while (two.deliver_one(first, Side::Server)) {
  }
  two.pump();  // the Server's LinkDone is under way behind its data
  two.cut(first);
  two.settle();
  EXPECT_EQ(TwoSessions::read_all(two.device, id), "from the Server");
}

TEST(Session, when_the_preferred_link_dies_then_the_other_one_takes_over) {
  TwoSessions two;
  const auto first = two.connect(true);
  const auto id = two.open_stream();
  two.connect(false);
  two.settle();
  const auto text = sample(50'000, 9);
  ASSERT_EQ(two.device.write(id, as_bytes(text)), text.size());
  two.pump();
  ASSERT_TRUE(two.deliver_one(first, Side::Server));
  two.cut(first);
  two.settle();
  EXPECT_EQ(TwoSessions::read_all(two.server, id), text);
}

TEST(Session, when_no_link_comes_back_in_time_then_each_side_gets_a_clear_end) {
  TwoSessions two;
  const auto link = two.connect(true);
  const auto id = two.open_stream();
  two.cut(link);
  const auto deadline = two.server.deadline();
  ASSERT_TRUE(deadline);
  EXPECT_EQ(*deadline, two.now + Limits{}.resume);
  for (auto* side : {&two.device, &two.server}) {
    side->on_time(*deadline - Millis(1));
    EXPECT_FALSE(side->over());
    side->on_time(*deadline);
    EXPECT_TRUE(side->over());
    EXPECT_EQ(side->streams(), 0U);
  }
  two.collect();
  for (const auto* events : {&two.device_events, &two.server_events}) {
    const auto over = TwoSessions::all<Over>(*events);
    ASSERT_EQ(over.size(), 1U);
    EXPECT_EQ(over[0].stream, id);
    EXPECT_EQ(over[0].reason, ResetReason::SessionLost);
    EXPECT_EQ(TwoSessions::all<SessionOver>(*events).size(), 1U);
  }
  EXPECT_EQ(two.device.open(kEcho).error().code, Code::session_is_over);
}

TEST(Session, when_the_server_has_forgotten_the_session_then_old_streams_are_lost_and_new_ones_go_on) {
  TwoSessions two;
  const auto link = two.connect(true);
  const auto old = two.open_stream();
  two.cut(link);
  two.server = Session(Side::Server, {}, TwoSessions::token(77), two.run);
  two.connect(true);
  two.settle();
  const auto over = TwoSessions::all<Over>(two.device_events);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].stream, old);
  EXPECT_EQ(over[0].reason, ResetReason::SessionLost);
  const auto ready = TwoSessions::all<SessionReady>(two.device_events);
  ASSERT_EQ(ready.size(), 2U);
  EXPECT_FALSE(ready[1].resumed);
  const auto id = two.open_stream();
  EXPECT_GT(id, old);
  ASSERT_EQ(two.device.write(id, as_bytes(std::string_view("again"))), 5U);
  two.settle();
  EXPECT_EQ(TwoSessions::read_all(two.server, id), "again");
}

TEST(Session, a_second_link_waits_with_its_hello_until_the_first_has_brought_the_token) {
  TwoSessions two;
  const auto first = two.connect(true);
  const auto second = two.connect(false);
  two.pump();
  EXPECT_EQ(two.waiting(first, Side::Server), 1U);
  EXPECT_EQ(two.waiting(second, Side::Server), 0U);
  two.settle();
  EXPECT_EQ(two.server.links(), 2U);
  const auto ready = TwoSessions::all<SessionReady>(two.device_events);
  ASSERT_EQ(ready.size(), 2U);
  EXPECT_TRUE(ready[1].resumed);
}

TEST(Session, when_a_hello_was_overtaken_by_a_newer_one_then_it_ends_nothing_that_came_since) {
  TwoSessions two;
  const auto old = two.connect(true);
  const auto id = two.open_stream();
  two.cut_for(Side::Device, old);
  const auto first = two.connect(true);
  two.pump();
  const auto second = two.connect(false);
  two.pump();
  ASSERT_TRUE(two.deliver_one(second, Side::Server));
  ASSERT_TRUE(two.deliver_one(first, Side::Server));
  EXPECT_EQ(two.server.links(), 2U) << "the two new ones";
  ASSERT_EQ(two.device.write(id, as_bytes(std::string_view("on"))), 2U);
  two.settle();
  EXPECT_EQ(TwoSessions::read_all(two.server, id), "on");
}

}  // namespace
}  // namespace cpns::stream
