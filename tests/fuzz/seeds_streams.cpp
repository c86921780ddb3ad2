// Frames and messages of sessions and relays; events for fuzz_stream_session.

#include <functional>

#include "core/stream/frame.hpp"
#include "core/stream/relay_message.hpp"
#include "fuzz/samples.hpp"
#include "fuzz/seeds.hpp"

namespace cpns::fuzz {
namespace {

using namespace cpns::stream;

Bytes message_of(const Frame& frame) {
  Bytes out;
  append_frame(out, sample_correlation_id(), frame);
  out.erase(out.begin(), out.begin() + 4);
  return out;
}

const ResumeToken kToken{{1}};
const NodeId kNode{{7, 7}};

// Events as fuzz_stream_session reads them.
constexpr std::uint8_t kConnect = 0x20;
constexpr std::uint8_t kCut = 0x01;
constexpr std::uint8_t kOpen = 0x06;
constexpr std::uint8_t kFinishAtDevice = 0x2b;
constexpr std::uint8_t kFinishAtServer = 0x0b;
constexpr std::uint8_t kPrefer = 0x2c;
constexpr std::uint8_t kFinishLink = 0x0c;
constexpr std::uint8_t kHostileToServer = 0x2e;
constexpr std::uint8_t kHostileToDevice = 0x0e;
constexpr std::uint8_t on_second(std::uint8_t event) { return event | 0x40U; }

void exchange(Bytes& script, bool second = false) {
  const auto link = [second](std::uint8_t event) { return second ? on_second(event) : event; };
  script.insert(script.end(), {link(2), 200});
  for (int i = 0; i < 6; ++i) script.insert(script.end(), {link(4), link(5)});
}

// A stream with bytes both ways, half closed, with `between` after the first part.
Bytes script(const std::function<void(Bytes&)>& between) {
  Bytes made{kConnect};
  exchange(made);
  exchange(made);
  made.push_back(kOpen);
  made.insert(made.end(), {7, 1, 30});  // the device writes
  exchange(made);
  made.insert(made.end(), {8, 1, 30});  // the Server writes
  between(made);
  exchange(made);
  made.insert(made.end(), {9, 1, 10, 10, 1, 10, kFinishAtDevice, 1});
  exchange(made);
  made.insert(made.end(), {7, 1, 10, kFinishAtServer, 1, 13, 2});
  return made;
}

void hostile(Bytes& to, std::uint8_t event, const Frame& frame) {
  const auto message = message_of(frame);
  to.insert(to.end(),
            {event, static_cast<std::uint8_t>(message.size() >> 8U), static_cast<std::uint8_t>(message.size())});
  to.insert(to.end(), message.begin(), message.end());
}

void add_scripts(Corpus& corpus) {
  corpus.good("stream_session", "one_link", script([](Bytes&) {}));
  corpus.good("stream_session", "link_lost", script([](Bytes& to) {
                to.insert(to.end(), {2, 200, kCut, kConnect});
                exchange(to);
              }));
  corpus.good("stream_session", "make_before_break", script([](Bytes& to) {
                to.push_back(on_second(kConnect));
                exchange(to, true);
                exchange(to, true);
                to.push_back(on_second(kPrefer));
                exchange(to, true);
                to.push_back(kFinishLink);
                exchange(to);
                exchange(to);
                exchange(to, true);
              }));
  corpus.add("stream_session", "reset", script([](Bytes& to) {
               to.insert(to.end(), {0x2f, 1, 2, 200, kCut, kConnect});
             }));
  corpus.add("stream_session", "too_late", script([](Bytes& to) { to.insert(to.end(), {kCut, 13, 255, 13, 255}); }));
  const Bytes byte(1, 1);
  const Bytes most(kMaxData, 1);
  const std::array<std::pair<const char*, Frame>, 8> frames = {{
      {"gap.ok", StreamData{1, 3500, false, byte}},
      {"beyond_window", StreamData{1, 0, false, most}},
      {"end.ok", StreamData{1, 3600, true, {}}},
      {"acknowledges_nothing", StreamAck{1, 100'000, 200'000, false}},
      {"unknown_stream", StreamData{9, 0, false, byte}},
      {"opens.ok", StreamOpen{7, ServiceTarget{"echo", ServiceTarget::Protocol::Raw}}},
      {"finished.ok", StreamReset{1, ResetReason::Finished}},
      {"closes.ok", SessionClose{}},
  }};
  for (const auto& [name, frame] : frames) {
    corpus.add("stream_session", std::string("hostile_") + name,
               script([&](Bytes& to) { hostile(to, kHostileToServer, frame); }));
  }
  corpus.add("stream_session", "hostile_accept", script([](Bytes& to) {
               hostile(to, kHostileToDevice, SessionAccept{kToken, true, 1, 1, 1, {}});
             }));
}

}  // namespace

void add_stream_seeds(Corpus& corpus) {
  const Bytes part(300, 0x5a);
  const std::array<std::pair<const char*, Frame>, 14> frames = {{
      {"session_open", SessionOpen{kToken, 65'536, true, true, 3, {{1, 5, false}, {3, kMaxOffset, true}}}},
      {"session_open_new", SessionOpen{{}, 1, false, false, 1, {}}},
      {"session_accept", SessionAccept{kToken, true, 65'536, 128, 120, {{2, 0, false}}}},
      {"session_close", SessionClose{}},
      {"stream_open_raw", StreamOpen{1, ServiceTarget{"ssh", ServiceTarget::Protocol::Raw}}},
      {"stream_open_http", StreamOpen{UINT32_MAX, ServiceTarget{"web-1", ServiceTarget::Protocol::Http}}},
      {"stream_open_relay",
       StreamOpen{2, RelayOpen{RelayOpen::Kind::Pne, sample_device_name(), PairingRef{{1}}, {kNode}}}},
      {"stream_accept", StreamAccept{7}},
      {"stream_data", StreamData{1, 0, false, part}},
      {"stream_data_end", StreamData{300, 1'000'000'000'000, true, {}}},
      {"stream_ack", StreamAck{1, 70'000, 140'000, true}},
      {"stream_reset", StreamReset{1, ResetReason::ServiceUnknown}},
      {"link_prefer", LinkPrefer{300}},
      {"link_done", LinkDone{}},
  }};
  for (const auto& [name, frame] : frames) corpus.good("stream_frame", name, message_of(frame));
  auto cut = message_of(frames[0].second);
  cut.pop_back();
  corpus.add("stream_frame", "cut", cut);

  const auto relay = [&](const std::string& name, decltype(RelayMessage::body) body) {
    corpus.good("relay_message", name, encode_relay_message({sample_correlation_id(), std::move(body)}));
  };
  relay("relay_open_end_to_end", RelayOpen{RelayOpen::Kind::EndToEnd, {}, {}, {kNode}});
  relay("relay_open_pne", RelayOpen{RelayOpen::Kind::Pne, sample_device_name(), PairingRef{{1}}, {kNode, NodeId{{8}}}});
  relay("relay_ready", RelayReady{{kNode}, {}});
  relay("relay_ready_server", RelayReady{{}, {}});
  relay("relay_ready_standing", RelayReady{{kNode}, {kNode, NodeId{{8}}}});
  const std::vector<NodeId> most(kMaxServes, kNode);
  relay("join_request", JoinRequest{sample_device_name(), kNode});
  relay("join_request_serves", JoinRequest{sample_device_name(), kNode, most});
  relay("join_reply", JoinReply{{kNode, NodeId{{8}}}});
  relay("join_reply_loop", JoinReply{{}, JoinRefusal::Loop});
  relay("join_reply_too_long", JoinReply{{}, JoinRefusal::TooLong});
  add_scripts(corpus);
}

}  // namespace cpns::fuzz
