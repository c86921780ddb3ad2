// Random runs with a seed: writes, reads, half-closes, resets, links that come, go, overtake each other. Whatever
// happens, each stream is a prefix of what was written, and all of it where nothing was reset.

#include <random>

#include "two_sessions.hpp"

namespace cpns::stream {
namespace {

using test::TwoSessions;

// What one side should read of a stream: byte n is a function of stream, side and n, so nothing has to be kept.
std::uint8_t byte_at(StreamId id, Side writer, std::uint64_t n) {
  const auto x = (n + 1) * 0x9e3779b97f4a7c15ULL + id * 1000003ULL + (writer == Side::Device ? 17 : 4711);
  return static_cast<std::uint8_t>(x >> 29U);
}

struct OneWay {
  std::uint64_t to_write = 0;
  std::uint64_t written = 0;
  std::uint64_t read = 0;
  bool finished = false;
};
struct Flow {
  OneWay up;
  OneWay down;
  bool reset = false;
  bool accepted = false;
};

class RandomRun {
 public:
  explicit RandomRun(std::uint32_t seed) : random_(seed), two_(small()) { connect(); }

  void step() {
    switch (pick(14)) {
      case 0:
        return open();
      case 1:
      case 2:
        return write(two_.device, Side::Device);
      case 3:
      case 4:
        return write(two_.server, Side::Server);
      case 5:
        return read(two_.server, Side::Server);
      case 6:
        return read(two_.device, Side::Device);
      case 7:
        if (pick(12) == 0) return change_links();
        return two_.pump(1 + pick(60'000));
      case 8:
        if (pick(40) == 0) return reset();
        return two_.pump(1 + pick(60'000));
      case 9:
        two_.device.acknowledge();
        return two_.server.acknowledge();
      default:
        return deliver();
    }
  }
  // With a link that stays, everything comes to its end.
  void finish() {
    if (two_.numbers().empty()) connect();
    for (int round = 0; round < 400 && !all_done(); ++round) {
      two_.settle([&] {
        accept();
        for (auto& [id, flow] : flows_) {
          write_to(two_.device, Side::Device, id, flow.up, SIZE_MAX);
          write_to(two_.server, Side::Server, id, flow.down, SIZE_MAX);
        }
        for (auto& [id, flow] : flows_) {
          read_from(two_.server, Side::Device, id, flow.up);
          read_from(two_.device, Side::Server, id, flow.down);
        }
      });
      note_resets();
    }
    two_.settle();
    note_resets();
    for (const auto& [id, flow] : flows_) {
      if (flow.reset) continue;
      ASSERT_EQ(flow.up.read, flow.up.to_write) << "stream " << id << " to the Server";
      ASSERT_EQ(flow.down.read, flow.down.to_write) << "stream " << id << " to the Device";
    }
    ASSERT_EQ(two_.device.streams(), 0U);
    ASSERT_EQ(two_.server.streams(), 0U);
    for (const auto& opened : TwoSessions::all<Opened>(two_.server_events)) {
      ASSERT_TRUE(opened_once_.insert(opened.stream).second) << "stream " << opened.stream << " was opened twice";
    }
  }
  void check() {
    ASSERT_LE(two_.device.memory(), kMemory);
    ASSERT_LE(two_.server.memory(), kMemory);
  }

 private:
  // Both buffers of all streams together, rounded up to a power of two for each ring, and what each stream may have
  // beyond that.
  static constexpr std::size_t kMemory = 2 * (2 * 400'000 + std::size_t{16} * (std::size_t{32} << 10U));

  static Limits small() {
    Limits limits;
    limits.streams = 8;
    limits.initial_window = 20'000;
    limits.window = 100'000;
    limits.buffer = 400'000;
    return limits;
  }
  std::uint32_t pick(std::uint32_t below) {
    return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random_);
  }
  void connect() { two_.connect(two_.numbers().empty()); }

  void open() {
    const auto id = two_.device.open(ServiceTarget{"echo", ServiceTarget::Protocol::Raw});
    if (!id) return;
    auto& flow = flows_[*id];
    flow.up.to_write = pick(4) == 0 ? 0 : pick(300'000);
    flow.down.to_write = pick(4) == 0 ? 0 : pick(300'000);
  }
  void accept() {
    for (const auto& opened : TwoSessions::all<Opened>(two_.server_events)) {
      auto& flow = flows_[opened.stream];
      if (std::exchange(flow.accepted, true)) continue;
      two_.server.accept(opened.stream);
    }
  }
  Flow* any(StreamId& id) {
    if (flows_.empty()) return nullptr;
    auto at = flows_.lower_bound(1 + pick(static_cast<std::uint32_t>(flows_.rbegin()->first)));
    if (at == flows_.end()) at = flows_.begin();
    id = at->first;
    return &at->second;
  }
  void write(Session& from, Side side) {
    accept();
    StreamId id = 0;
    auto* flow = any(id);
    if (flow != nullptr) write_to(from, side, id, side == Side::Device ? flow->up : flow->down, 1 + pick(50'000));
  }
  void write_to(Session& from, Side side, StreamId id, OneWay& way, std::size_t most) {
    if (side == Side::Server && !flows_[id].accepted) return;
    if (way.finished || flows_[id].reset) return;
    const auto size = std::min<std::uint64_t>(most, way.to_write - way.written);
    Bytes bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, 100'000)));
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = byte_at(id, side, way.written + i);
    way.written += from.write(id, bytes);
    if (way.written == way.to_write) {
      from.finish(id);
      way.finished = true;
    }
  }
  void read(Session& from, Side side) {
    StreamId id = 0;
    auto* flow = any(id);
    if (flow == nullptr) return;
    read_from(from, side == Side::Server ? Side::Device : Side::Server, id,
              side == Side::Server ? flow->up : flow->down);
  }
  void read_from(Session& from, Side writer, StreamId id, OneWay& way) {
    Bytes part(1 + pick(40'000));
    while (const auto size = from.read(id, part)) {
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_EQ(part[i], byte_at(id, writer, way.read + i)) << "stream " << id << " byte " << way.read + i;
      }
      way.read += size;
      if (pick(3) == 0) break;
    }
  }
  void reset() {
    StreamId id = 0;
    auto* flow = any(id);
    if (flow == nullptr) return;
    auto& side = pick(2) == 0 ? two_.device : two_.server;
    const auto before = side.streams();
    side.reset(id, ResetReason::Cancelled);
    if (side.streams() < before) flow->reset = true;
  }
  void change_links() {
    const auto links = two_.numbers();
    if (links.empty()) return connect();
    const auto link = links[pick(static_cast<std::uint32_t>(links.size()))];
    switch (pick(4)) {
      case 0:
        if (links.size() < 2) connect();
        return;
      case 1:
        return two_.device.prefer(link);
      case 2:
        if (links.size() > 1) two_.device.finish_link(link);
        return;
      default:
        two_.cut(link);
        if (two_.numbers().empty() && pick(2) == 0) connect();
    }
  }
  void deliver() {
    const auto links = two_.numbers();
    if (links.empty()) return connect();
    const auto link = links[pick(static_cast<std::uint32_t>(links.size()))];
    const auto to = pick(2) == 0 ? Side::Server : Side::Device;
    for (std::uint32_t count = 1 + pick(4); count > 0 && two_.deliver_one(link, to); --count) {
    }
    accept();
  }
  void note_resets() {
    for (const auto* events : {&two_.device_events, &two_.server_events}) {
      for (const auto& over : TwoSessions::all<Over>(*events)) {
        ASSERT_TRUE(!over.reason || flows_[over.stream].reset)
            << "stream " << over.stream << " ended with reason " << static_cast<int>(*over.reason);
      }
    }
  }
  bool all_done() { return two_.device.streams() == 0 && two_.server.streams() == 0; }

  std::mt19937 random_;
  TwoSessions two_;
  std::map<StreamId, Flow> flows_;
  std::set<StreamId> opened_once_;
};

class SessionRandom : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SessionRandom, whatever_links_do_every_byte_arrives_once_and_in_order) {
  RandomRun run(GetParam());
  for (int i = 0; i < 3000 && !testing::Test::HasFatalFailure() && !testing::Test::HasNonfatalFailure(); ++i) {
    run.step();
    run.check();
  }
  if (!HasFatalFailure()) run.finish();
}

INSTANTIATE_TEST_SUITE_P(Seeds, SessionRandom, testing::Range(1U, 25U));

}  // namespace
}  // namespace cpns::stream
