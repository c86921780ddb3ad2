#include "core/stream/frame.hpp"

#include <gtest/gtest.h>

#include "core/assign/wire.hpp"
#include "cpns/v1/cpns.pb.h"

namespace cpns::stream {
namespace {

const ids::CorrelationId kRun{{1, 2, 3, 4, 5, 6, 7, 8}};
const ResumeToken kToken{{9, 9, 9}};
const NodeId kNode{{7, 7}};

// As it stands in a message: without the four bytes of length, which are checked.
Bytes encoded(const Frame& frame) {
  Bytes out;
  append_frame(out, kRun, frame);
  const std::size_t size =
      (std::size_t{out[0]} << 24U) | (std::size_t{out[1]} << 16U) | (std::size_t{out[2]} << 8U) | std::size_t{out[3]};
  EXPECT_EQ(size, out.size() - 4);
  out.erase(out.begin(), out.begin() + 4);
  return out;
}

std::string refusal(ByteView message) {
  const auto parsed = parse_frame(message);
  return parsed ? "accepted" : std::string(parsed.error().info().name);
}

std::vector<Frame> one_of_each(ByteView data) {
  return {SessionOpen{kToken, 65536, true, true, 300, {{1, 5, false}, {3, kMaxOffset, true}}},
          SessionOpen{{}, 1, false, false, 0, {}},
          SessionAccept{kToken, true, 65536, 128, 120, {{2, 0, false}}},
          SessionClose{},
          StreamOpen{1, ServiceTarget{"ssh", ServiceTarget::Protocol::Raw}},
          StreamOpen{UINT32_MAX, ServiceTarget{"web-1", ServiceTarget::Protocol::Http}},
          StreamOpen{2, RelayOpen{RelayOpen::Kind::Pne, *ids::DeviceName::parse("camera"), PairingRef{{1}}, {kNode}}},
          StreamAccept{7},
          StreamData{1, 0, false, data},
          StreamData{300, 1'000'000'000'000, true, {}},
          StreamAck{1, 70'000, 140'000, true},
          StreamReset{1, ResetReason::ServiceUnknown},
          LinkPrefer{300},
          LinkDone{}};
}

TEST(StreamFrame, every_frame_comes_back_as_it_was) {
  const Bytes data(kMaxData, 0x5a);
  std::set<std::string_view> names;
  for (const auto& frame : one_of_each(data)) {
    const auto bytes = encoded(frame);
    ASSERT_TRUE(is_frame(bytes)) << frame_name(frame);
    const auto parsed = parse_frame(bytes);
    ASSERT_TRUE(parsed.ok()) << frame_name(frame) << ": " << to_text(parsed.error());
    EXPECT_EQ(parsed->index(), frame.index());
    EXPECT_EQ(encoded(*parsed), bytes) << frame_name(frame);
    names.insert(frame_name(frame));
  }
  EXPECT_EQ(names.size(), std::variant_size_v<Frame>) << "one frame has no sample";
}

TEST(StreamFrame, data_written_by_hand_is_what_protobuf_writes_and_reads) {
  const Bytes most(kMaxData, 0xa5);
  for (const StreamId stream : {1U, 127U, 128U, 16'384U, UINT32_MAX}) {
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128},
                                       std::uint64_t{1} << 35U, kMaxOffset - kMaxData}) {
      for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{127}, std::size_t{128}, kMaxData}) {
        for (const bool end : {false, true}) {
          const StreamData data{stream, offset, end, ByteView(most).first(size)};
          v1::Message m;
          m.set_correlation_id(std::string(as_text(kRun.bytes())));
          auto& to = *m.mutable_stream()->mutable_stream_data();
          to.set_stream(stream);
          to.set_offset(offset);
          to.set_end(end);
          to.set_data(std::string(as_text(data.data)));
          const auto wanted = m.SerializeAsString();
          const auto bytes = encoded(data);
          ASSERT_EQ(as_text(bytes), wanted);
          const auto parsed = parse_frame(bytes);
          ASSERT_TRUE(parsed.ok()) << to_text(parsed.error());
          const auto& back = std::get<StreamData>(*parsed);
          EXPECT_EQ(back.stream, stream);
          EXPECT_EQ(back.offset, offset);
          EXPECT_EQ(back.end, end);
          EXPECT_EQ(as_text(back.data), as_text(data.data));
        }
      }
    }
  }
}

TEST(StreamFrame, data_points_into_the_message) {
  const Bytes data(100, 1);
  const auto bytes = encoded(StreamData{1, 0, false, data});
  const auto parsed = parse_frame(bytes);
  ASSERT_TRUE(parsed.ok());
  const auto view = std::get<StreamData>(*parsed).data;
  EXPECT_GE(view.data(), bytes.data());
  EXPECT_LE(view.data() + view.size(), bytes.data() + bytes.size());
}

TEST(StreamFrame, when_a_frame_is_cut_anywhere_then_it_is_refused) {
  const Bytes data(40, 1);
  for (const auto& frame : one_of_each(data)) {
    const auto bytes = encoded(frame);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_NE(refusal(ByteView(bytes).first(size)), "accepted") << frame_name(frame) << " cut to " << size;
    }
  }
}

TEST(StreamFrame, when_anything_is_appended_then_it_is_refused) {
  const Bytes data(40, 1);
  for (const auto& frame : one_of_each(data)) {
    auto bytes = encoded(frame);
    bytes.push_back(0);
    EXPECT_NE(refusal(bytes), "accepted") << frame_name(frame);
  }
}

// Writes protobuf's form of what append_frame would never make.
Bytes message_with(const std::function<void(v1::StreamFrame&)>& fill) {
  v1::Message m;
  m.set_correlation_id(std::string(as_text(kRun.bytes())));
  fill(*m.mutable_stream());
  const auto text = m.SerializeAsString();
  const auto view = as_bytes(text);
  return Bytes(view.begin(), view.end());
}

TEST(StreamFrame, values_out_of_their_range_are_refused) {
  using F = v1::StreamFrame;
  const std::vector<std::pair<std::string, std::function<void(F&)>>> cases = {
      {"stream 0", [](F& f) { f.mutable_stream_accept(); }},
      {"data on stream 0", [](F& f) { f.mutable_stream_data()->set_offset(1); }},
      {"too much data",
       [](F& f) {
         f.mutable_stream_data()->set_stream(1);
         f.mutable_stream_data()->set_data(std::string(kMaxData + 1, 'x'));
       }},
      {"an offset that would overflow",
       [](F& f) {
         f.mutable_stream_data()->set_stream(1);
         f.mutable_stream_data()->set_offset(UINT64_MAX);
       }},
      {"a window that would overflow", [](F& f) { f.mutable_session_open()->set_initial_window(UINT64_MAX); }},
      {"a token of 15 bytes", [](F& f) { f.mutable_session_open()->set_resume_token(std::string(15, 'x')); }},
      {"no token", [](F& f) { f.mutable_session_accept(); }},
      {"a stream listed twice",
       [](F& f) {
         for (int i = 0; i < 2; ++i) f.mutable_session_open()->add_streams()->set_stream(1);
       }},
      {"too many streams",
       [](F& f) {
         for (std::uint32_t i = 1; i <= kMaxStreams + 1; ++i) f.mutable_session_open()->add_streams()->set_stream(i);
       }},
      {"no target", [](F& f) { f.mutable_stream_open()->set_stream(1); }},
      {"a service name in capitals",
       [](F& f) {
         f.mutable_stream_open()->set_stream(1);
         f.mutable_stream_open()->mutable_service()->set_name("SSH");
         f.mutable_stream_open()->mutable_service()->set_protocol(v1::ServiceTarget::PROTOCOL_RAW);
       }},
      {"no protocol",
       [](F& f) {
         f.mutable_stream_open()->set_stream(1);
         f.mutable_stream_open()->mutable_service()->set_name("ssh");
       }},
      {"a reason that nobody knows",
       [](F& f) {
         f.mutable_stream_reset()->set_stream(1);
         f.mutable_stream_reset()->set_reason(kLastResetReason + 1);
       }},
      {"nothing", [](F&) {}},
  };
  for (const auto& [what, fill] : cases) EXPECT_NE(refusal(message_with(fill)), "accepted") << what;
}

TEST(StreamFrame, a_session_takes_no_message_of_an_assignment_and_the_other_way_round) {
  const auto ping = assign::encode_public(kRun, assign::Ping{{1}});
  EXPECT_FALSE(is_frame(ping));
  EXPECT_EQ(refusal(ping), "message_malformed");
  EXPECT_FALSE(assign::parse(encoded(LinkDone{})).ok());
}

}  // namespace
}  // namespace cpns::stream
