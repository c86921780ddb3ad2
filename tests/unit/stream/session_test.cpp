#include "core/stream/session.hpp"

#include "two_sessions.hpp"

namespace cpns::stream {
namespace {

using test::kEcho;
using test::sample;
using test::TwoSessions;

TEST(Session, when_a_stream_is_opened_then_the_server_hears_its_target_and_the_device_that_it_was_reached) {
  TwoSessions two;
  two.connect(true);
  const auto id = two.open_stream();
  const auto opened = TwoSessions::all<Opened>(two.server_events);
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].stream, id);
  EXPECT_EQ(std::get<ServiceTarget>(opened[0].target).name, "echo");
  EXPECT_EQ(TwoSessions::all<Accepted>(two.device_events).size(), 1U);
}

TEST(Session, bytes_arrive_in_order_both_ways_and_a_half_close_stays_a_half_close) {
  TwoSessions two;
  two.connect(true);
  const auto id = two.open_stream();
  const auto question = sample(40'000);
  ASSERT_EQ(two.device.write(id, as_bytes(question)), question.size());
  two.device.finish(id);
  two.settle();
  EXPECT_EQ(TwoSessions::read_all(two.server, id), question);
  EXPECT_TRUE(two.server.read_ended(id));
  EXPECT_FALSE(two.device.read_ended(id));
  ASSERT_EQ(two.server.write(id, as_bytes(std::string_view("answer"))), 6U);
  two.settle();
  EXPECT_EQ(TwoSessions::read_all(two.device, id), "answer");
  EXPECT_FALSE(two.device.read_ended(id));
  two.server.finish(id);
  two.settle();
  EXPECT_TRUE(two.device.read_ended(id));
  two.settle();
  EXPECT_EQ(two.device.streams(), 0U);
  EXPECT_EQ(two.server.streams(), 0U);
  for (const auto* events : {&two.device_events, &two.server_events}) {
    const auto over = TwoSessions::all<Over>(*events);
    ASSERT_EQ(over.size(), 1U);
    EXPECT_FALSE(over[0].reason);
  }
}

TEST(Session, a_sender_is_slowed_by_a_reader_that_does_not_read) {
  TwoSessions two;
  two.connect(true);
  const auto id = two.open_stream();
  const auto much = sample(4 << 20);
  std::size_t written = 0;
  for (int i = 0; i < 100; ++i) {
    written += two.device.write(id, as_bytes(much).subspan(written));
    two.settle();
  }
  const Limits limits;
  EXPECT_LE(written, 2 * limits.window) << "one window here, one at the reader";
  EXPECT_LE(two.server.memory(), limits.window);
  EXPECT_TRUE(TwoSessions::all<Writable>(two.device_events).size() <= 100);
  std::string got;
  two.settle([&] {
    got += TwoSessions::read_all(two.server, id);
    written += two.device.write(id, as_bytes(much).subspan(written));
  });
  while (written < much.size() || got.size() < much.size()) {
    const auto before = got.size();
    two.settle([&] {
      got += TwoSessions::read_all(two.server, id);
      written += two.device.write(id, as_bytes(much).subspan(written));
    });
    ASSERT_GT(got.size(), before) << "stalled at " << got.size() << " of " << written;
  }
  EXPECT_EQ(got, much);
}

TEST(Session, a_busy_stream_earns_a_larger_window_and_an_idle_one_gives_its_memory_back) {
  TwoSessions two;
  two.connect(true);
  const auto id = two.open_stream();
  const auto piece = sample(200'000);
  std::size_t most = 0;
  for (int i = 0; i < 60; ++i) {
    std::size_t written = 0;
    while (written < piece.size()) {
      const auto taken = two.device.write(id, as_bytes(piece).subspan(written));
      most = std::max(most, taken);
      written += taken;
      two.settle([&] { TwoSessions::read_all(two.server, id); });
    }
  }
  EXPECT_EQ(most, piece.size()) << "200 kB are taken at once in the end";
  for (int i = 0; i < 3; ++i) {
    two.device.acknowledge();
    two.server.acknowledge();
  }
  EXPECT_EQ(two.device.memory(), 0U);
  EXPECT_EQ(two.server.memory(), 0U);
}

TEST(Session, a_reset_reaches_the_other_side_also_where_its_link_is_lost) {
  for (const bool lost : {false, true}) {
    TwoSessions two;
    const auto link = two.connect(true);
    const auto id = two.open_stream();
    two.device.reset(id, ResetReason::Cancelled);
    two.pump();
    if (lost) {
      two.cut(link);
      two.connect(true);
    }
    two.settle();
    const auto over = TwoSessions::all<Over>(two.server_events);
    ASSERT_EQ(over.size(), 1U) << lost;
    EXPECT_EQ(over[0].reason, ResetReason::Cancelled);
    two.settle();
    EXPECT_EQ(two.open_stream(), id + 1);
  }
}

TEST(Session, when_both_sides_reset_at_once_then_both_forget) {
  TwoSessions two;
  two.connect(true);
  const auto id = two.open_stream();
  two.device.reset(id, ResetReason::Cancelled);
  two.server.reset(id, ResetReason::ServiceRefused);
  two.settle();
  const auto delivered = two.delivered;
  two.settle();
  EXPECT_EQ(two.delivered, delivered) << "answers are not answered";
  EXPECT_EQ(two.device.streams() + two.server.streams(), 0U);
}

TEST(Session, when_too_many_streams_are_opened_then_the_device_is_told_at_once) {
  Limits limits;
  limits.streams = 4;
  TwoSessions two(limits);
  two.connect(true);
  for (int i = 0; i < 4; ++i) two.open_stream();
  EXPECT_EQ(two.device.open(kEcho).error().code, Code::too_many_streams);
}

TEST(Session, a_slow_stream_does_not_hold_back_another) {
  TwoSessions two;
  two.connect(true);
  const auto slow = two.open_stream();
  const auto quick = two.open_stream();
  const auto much = sample(3 << 20);
  (void)two.device.write(slow, as_bytes(much));
  two.settle();
  ASSERT_EQ(two.device.write(quick, as_bytes(std::string_view("quick"))), 5U);
  two.settle();
  EXPECT_EQ(TwoSessions::read_all(two.server, quick), "quick");
}

TEST(Session, when_the_session_is_closed_then_the_other_side_ends_too) {
  TwoSessions two;
  two.connect(true);
  two.open_stream();
  two.device.close();
  two.settle();
  EXPECT_TRUE(two.device.over());
  EXPECT_TRUE(two.server.over());
  EXPECT_EQ(TwoSessions::all<Over>(two.server_events).size(), 1U);
}

}  // namespace
}  // namespace cpns::stream
