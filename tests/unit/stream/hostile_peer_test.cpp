// A peer that breaks the rules of a session: refused with an error that says which, and never held for more memory
// than the limits allow.

#include "two_sessions.hpp"

namespace cpns::stream {
namespace {

using test::TwoSessions;

class HostilePeer : public testing::Test {
 protected:
  HostilePeer() {
    link = two.connect(true);
    id = two.open_stream();
  }
  [[nodiscard]] std::string to_server(const Frame& frame) { return outcome(two.server.on_frame(link, frame)); }
  [[nodiscard]] std::string to_device(const Frame& frame) { return outcome(two.device.on_frame(link, frame)); }
  static std::string outcome(const Result<void>& result) {
    return result ? "accepted" : std::string(result.error().info().name);
  }

  TwoSessions two;
  LinkNumber link = 0;
  StreamId id = 0;
  const Bytes byte = Bytes(1, 7);
  const Bytes most = Bytes(kMaxData, 7);
  const std::string broken = "stream_rule_broken";
};

TEST_F(HostilePeer, bytes_beyond_the_window_are_refused) {
  EXPECT_EQ(to_server(StreamData{id, Limits{}.initial_window - 1, false, byte}), "accepted");
  EXPECT_EQ(to_server(StreamData{id, Limits{}.initial_window, false, byte}), broken);
  EXPECT_EQ(to_server(StreamData{id, kMaxOffset - kMaxData, false, most}), broken);
}

TEST_F(HostilePeer, frames_of_streams_that_never_were_are_refused) {
  EXPECT_EQ(to_server(StreamData{id + 1, 0, false, byte}), broken);
  EXPECT_EQ(to_server(StreamAck{id + 1, 0, 1, false}), broken);
  EXPECT_EQ(to_device(StreamAccept{id + 1}), broken);
  EXPECT_EQ(to_device(StreamReset{id + 1, ResetReason::Cancelled}), broken);
}

TEST_F(HostilePeer, an_acknowledgement_of_what_was_never_sent_is_refused) {
  EXPECT_EQ(to_server(StreamAck{id, 1, 100, false}), broken);
  EXPECT_EQ(to_server(StreamAck{id, 0, 100, true}), broken);
  ASSERT_EQ(two.server.write(id, byte), 1U);
  two.pump();
  EXPECT_EQ(to_server(StreamAck{id, 1, 100, false}), "accepted");
}

TEST_F(HostilePeer, an_end_that_moves_is_refused) {
  EXPECT_EQ(to_server(StreamData{id, 10, true, byte}), "accepted");
  EXPECT_EQ(to_server(StreamData{id, 10, true, {}}), broken);
  EXPECT_EQ(to_server(StreamData{id, 11, false, byte}), broken);
  EXPECT_EQ(to_server(StreamData{id, 20, true, byte}), broken);
}

TEST_F(HostilePeer, an_end_before_bytes_that_are_here_is_refused) {
  EXPECT_EQ(to_server(StreamData{id, 100, false, byte}), "accepted");
  EXPECT_EQ(to_server(StreamData{id, 50, true, byte}), broken);
}

TEST_F(HostilePeer, frames_of_the_other_side_are_refused) {
  EXPECT_EQ(to_server(StreamAccept{id}), broken);
  EXPECT_EQ(to_server(SessionAccept{TwoSessions::token(1), true, 1, 1, 1, {}}), broken);
  EXPECT_EQ(to_server(SessionOpen{{}, 1, true, true, 1, {}}), broken);
  EXPECT_EQ(to_device(StreamOpen{id + 1, ServiceTarget{"echo", ServiceTarget::Protocol::Raw}}), broken);
  EXPECT_EQ(to_device(LinkPrefer{1}), broken);
  EXPECT_EQ(to_device(LinkDone{}), broken) << "an answer to nothing";
  EXPECT_EQ(to_device(SessionAccept{TwoSessions::token(1), true, 1, 1, 1, {}}), broken) << "a second one";
}

TEST_F(HostilePeer, nothing_is_taken_after_link_done) {
  EXPECT_EQ(to_server(LinkDone{}), "accepted");
  EXPECT_EQ(to_server(StreamData{id, 0, false, byte}), broken);
}

TEST_F(HostilePeer, when_every_other_byte_is_left_out_then_it_is_refused_before_it_costs_much) {
  std::uint64_t offset = 1;
  std::string verdict = "accepted";
  while (verdict == "accepted" && offset < Limits{}.initial_window) {
    verdict = to_server(StreamData{id, offset, false, byte});
    offset += 2;
  }
  EXPECT_EQ(verdict, broken);
  EXPECT_LT(offset, 4000U);
}

TEST_F(HostilePeer, when_it_opens_streams_without_end_then_no_more_than_the_limit_are_held) {
  std::string verdict = "accepted";
  StreamId next = id + 1;
  for (; verdict == "accepted" && next < 100'000; ++next) {
    verdict = to_server(StreamOpen{next, ServiceTarget{"echo", ServiceTarget::Protocol::Raw}});
  }
  EXPECT_EQ(two.server.streams(), 2 * Limits{}.streams);
  EXPECT_EQ(verdict, broken) << "it takes no reset, and goes on";
}

TEST_F(HostilePeer, when_it_opens_and_resets_for_ever_then_nothing_grows) {
  for (StreamId next = id + 1; next < 20'000; ++next) {
    ASSERT_EQ(to_server(StreamOpen{next, ServiceTarget{"echo", ServiceTarget::Protocol::Raw}}), "accepted");
    ASSERT_EQ(to_server(StreamReset{next, ResetReason::Cancelled}), "accepted");
    Bytes out;
    two.server.take_output(link, 10'000, out);
    ASSERT_LT(out.size(), 1000U);
  }
  EXPECT_EQ(two.server.streams(), 1U);
}

TEST_F(HostilePeer, when_it_fills_every_stream_then_memory_stays_within_the_limits) {
  for (StreamId next = id + 1; next < id + Limits{}.streams; ++next) {
    ASSERT_EQ(to_server(StreamOpen{next, ServiceTarget{"echo", ServiceTarget::Protocol::Raw}}), "accepted");
  }
  for (StreamId one = id; one < id + Limits{}.streams; ++one) {
    for (std::uint64_t offset = 0; offset + kMaxData <= Limits{}.initial_window; offset += kMaxData) {
      ASSERT_EQ(to_server(StreamData{one, offset, false, most}), "accepted");
    }
  }
  EXPECT_LE(two.server.memory(), Limits{}.streams * Limits{}.initial_window);
}

TEST_F(HostilePeer, a_refused_frame_leaves_the_session_alive_for_another_link) {
  EXPECT_EQ(to_server(StreamData{id + 9, 0, false, byte}), broken);
  two.cut(link);
  two.connect(true);
  two.settle();
  ASSERT_EQ(two.device.write(id, byte), 1U);
  two.settle();
  EXPECT_EQ(two.server.readable(id), 1U);
}

}  // namespace
}  // namespace cpns::stream
