// What is said once and lost with a link is said again over another one, whichever it was [X5].

#include "two_sessions.hpp"

namespace cpns::stream {
namespace {

using test::kEcho;
using test::Millis;
using test::sample;
using test::TwoSessions;

// One side's end arrives over one link; the other's last acknowledgement is lost with the other link.
void lose_the_last_acknowledgement_of(Side teller) {
  TwoSessions two;
  const auto kept = two.connect(true);
  const auto id = two.open_stream();
  const auto lost = two.connect(false);
  two.settle();
  auto& telling = teller == Side::Server ? two.server : two.device;
  auto& waiting = teller == Side::Server ? two.device : two.server;
  telling.finish(id);
  two.settle();
  TwoSessions::read_all(waiting, id);
  two.settle();
  waiting.finish(id);
  two.pump();
  two.device.prefer(lost);
  two.pump();
  while (two.deliver_one(lost, Side::Server)) {
  }
  while (two.deliver_one(kept, teller)) {
  }
  TwoSessions::read_all(telling, id);
  two.pump();
  ASSERT_EQ(telling.streams(), 0U) << "its acknowledgement is under way";
  ASSERT_EQ(waiting.streams(), 1U);
  two.cut(lost);
  two.settle();
  EXPECT_EQ(waiting.streams(), 0U) << "nobody tells it that its end has arrived";
}

TEST(SessionRepeat, when_the_servers_last_acknowledgement_is_lost_with_a_link_then_the_device_asks_for_it) {
  lose_the_last_acknowledgement_of(Side::Server);
}

TEST(SessionRepeat, when_the_devices_last_acknowledgement_is_lost_with_a_link_then_the_server_asks_for_it) {
  lose_the_last_acknowledgement_of(Side::Device);
}

TEST(SessionRepeat, when_a_reader_takes_the_rest_while_no_link_is_up_then_the_stream_is_over_at_once) {
  TwoSessions two;
  const auto link = two.connect(true);
  const auto id = two.open_stream();
  two.device.finish(id);
  ASSERT_EQ(two.server.write(id, as_bytes(sample(60'000))), 60'000U);
  two.server.finish(id);
  two.settle();
  two.cut(link);
  EXPECT_EQ(TwoSessions::read_all(two.device, id).size(), 60'000U);
  EXPECT_EQ(two.device.streams(), 0U);
}

// A Server with smaller windows takes the place of the one before: what was never sent keeps to the new ones.
TEST(SessionRepeat, when_a_new_server_has_a_smaller_window_then_streams_that_go_on_keep_to_it) {
  TwoSessions two;
  const auto link = two.connect(true);
  two.settle();
  two.cut(link);
  const auto id = two.device.open(kEcho);
  ASSERT_TRUE(id.ok());
  ASSERT_EQ(two.device.write(*id, as_bytes(sample(60'000))), 60'000U);
  Limits smaller;
  smaller.initial_window = 5000;
  two.restart_server(smaller);
  two.connect(true);
  std::string read;
  two.settle([&] { read += TwoSessions::read_all(two.server, *id); });
  EXPECT_EQ(read, sample(60'000));
}

TEST(SessionRepeat, links_that_come_to_nothing_do_not_put_off_the_end_of_a_session) {
  TwoSessions two;
  const auto first = two.connect(true);
  two.open_stream();
  two.cut(first);
  const auto end = two.now + Limits{}.resume;
  while (two.now < end) {
    two.now += Millis(20'000);
    const auto link = two.connect(true);
    two.pump();
    two.cut_for(Side::Device, link);
    two.device.on_time(two.now);
  }
  EXPECT_TRUE(two.device.over());
  EXPECT_EQ(two.device.streams(), 0U);
}

TEST(SessionRepeat, a_hello_that_was_overtaken_does_not_take_the_data_to_its_link) {
  TwoSessions two;
  two.connect(true);
  const auto id = two.open_stream();
  const auto late = two.connect(true);
  two.pump();
  const auto newest = two.connect(true);
  two.pump();
  while (two.deliver_one(newest, Side::Server)) {
  }
  ASSERT_TRUE(two.deliver_one(late, Side::Server));
  ASSERT_EQ(two.server.write(id, as_bytes(sample(100))), 100U);
  two.pump();
  EXPECT_GT(two.waiting(newest, Side::Device), 1U);
  EXPECT_EQ(two.waiting(late, Side::Device), 1U) << "SessionAccept and nothing else";
}

// The pool is used up, so this stream holds less than a receiver with a wide window waits for.
TEST(SessionRepeat, a_sender_with_little_room_asks_for_the_acknowledgement_that_gives_it_room) {
  Limits narrow;
  narrow.window = narrow.buffer = narrow.initial_window;
  TwoSessions two(narrow);
  two.restart_server({});
  two.connect(true);
  const auto id = two.open_stream();
  const auto step = [&] {
    for (int i = 0; i < 4; ++i) {
      two.pump();
      for (const auto side : {Side::Server, Side::Device}) {
        while (two.deliver_one(1, side)) {
        }
      }
      TwoSessions::read_all(two.server, id);
    }
  };
  // The receiver's window grows, so that it wants to hear more before it acknowledges.
  const auto bytes = sample(70'000);
  std::size_t written = 0;
  for (int round = 0; round < 200; ++round) {
    const auto size = two.device.write(id, as_bytes(bytes));
    ASSERT_GT(size, 0U) << "stands still after " << written << " bytes";
    written += size;
    step();
  }
  EXPECT_GT(written, 5U << 20U);
}

TEST(SessionRepeat, a_server_holds_no_more_links_of_a_session_than_a_device_can_have_use_for) {
  TwoSessions two;
  two.connect(true);
  two.settle();
  std::size_t refused = 0;
  for (LinkNumber link = 100; link < 120; ++link) {
    if (!two.server.accept(link, SessionOpen{two.server.token(), 1, false, false, link, {}}, true)) ++refused;
  }
  EXPECT_EQ(two.server.links(), 8U);
  EXPECT_EQ(refused, 13U);
}

TEST(SessionRepeat, a_server_that_resumes_another_session_than_the_one_asked_for_is_refused) {
  TwoSessions two;
  two.device.attach(1, true);
  Bytes out;
  two.device.take_output(1, 1000, out);
  EXPECT_FALSE(two.device.on_frame(1, SessionAccept{TwoSessions::token(9), true, 1000, 10, 10, {}}).ok());
}

TEST(SessionRepeat, a_server_lists_no_more_streams_than_a_frame_may_hold) {
  Limits wide;
  wide.streams = 5000;
  TwoSessions two(wide);
  two.connect(true);
  for (StreamId id = 1; id <= 1100; ++id) {
    (void)two.server.on_frame(1, StreamOpen{id, kEcho});
  }
  two.settle();
  for (StreamId id = 1; id <= 1100; ++id) (void)two.server.on_frame(1, StreamOpen{id, kEcho});
  EXPECT_LE(two.server.streams(), kMaxStreams);
}

}  // namespace
}  // namespace cpns::stream
