// Two sessions with links that come and go between them, under the input's hand; frames of a hostile peer among them.
// As long as both are honest nothing is refused and every byte arrives once and in order [X3-X6]; whatever comes,
// memory and streams stay within their limits. Input: one byte for each event and what it needs.

#include <array>
#include <deque>
#include <map>

#include "core/stream/session.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"

namespace cpns::fuzz {
namespace {

using namespace cpns::stream;
using Millis = std::chrono::milliseconds;

Limits small_limits() {
  Limits limits;
  limits.streams = 4;
  limits.initial_window = 4000;
  limits.window = 16'000;
  limits.buffer = 40'000;
  limits.resume = Millis(10'000);
  return limits;
}
// A ring for each direction of each stream; twice the streams, because a few may be on their way out.
constexpr std::size_t kMostMemory = std::size_t{2} * 2 * 4 * 16'384;

std::uint8_t byte_at(StreamId id, bool from_device, std::uint64_t n) {
  return static_cast<std::uint8_t>(n * 7 + n / 251 + id * 31 + (from_device ? 0 : 101));
}

struct OneWay {
  std::uint64_t written = 0;
  std::uint64_t read = 0;
};

class World {
 public:
  explicit World(Taker& input)
      : input_(input), device_(Side::Device, small_limits(), {}, run()), server_(new_server()) {}

  void run_all() {
    for (int events = 0; events < 2000 && !input_.empty(); ++events) {
      event(input_.byte());
      check();
    }
    if (honest_) settle();
  }

 private:
  struct Link {
    std::deque<Bytes> to_server;
    std::deque<Bytes> to_device;
  };
  static ids::CorrelationId run() { return sample_correlation_id(); }
  Session new_server() { return {Side::Server, small_limits(), ResumeToken{{++tokens_}}, run()}; }

  void event(std::uint8_t what) {
    const LinkNumber link = 1 + (what >> 6U);
    switch (what & 15U) {
      case 0:
        return connect(link, (what & 32U) != 0);
      case 1:
        return cut(link);
      case 2:
      case 3:
        return pump(link, input_.byte() * 100U);
      case 4:
        return deliver(link, true);
      case 5:
        return deliver(link, false);
      case 6:
        return open();
      case 7:
        return write(device_, true, stream());
      case 8:
        return write(server_, false, stream());
      case 9:
        return read(server_, true, stream(), input_.byte() * 100U);
      case 10:
        return read(device_, false, stream(), input_.byte() * 100U);
      case 11:
        return (what & 32U) != 0 ? device_.finish(stream()) : server_.finish(stream());
      case 12:
        return (what & 32U) != 0 ? device_.prefer(link) : finish_link(link);
      case 13:
        return pass_time();
      case 14:
        return hostile(link, (what & 32U) != 0);
      default:
        return reset((what & 32U) != 0);
    }
  }
  StreamId stream() { return input_.byte() % 8U + (opened_ > 8 ? opened_ - 7 : 0); }

  void connect(LinkNumber link, bool preferred) {
    if (links_.count(link) != 0) return;
    links_[link];
    device_.attach(link, preferred);
  }
  void cut(LinkNumber link) {
    links_.erase(link);
    first_frame_.erase(link);
    device_.detach(link, now_);
    server_.detach(link, now_);
  }
  void finish_link(LinkNumber link) { device_.finish_link(link); }
  void pump(LinkNumber link, std::size_t most) {
    const auto at = links_.find(link);
    if (at == links_.end()) return;
    take(device_, link, most, at->second.to_server);
    take(server_, link, most, at->second.to_device);
  }
  void take(Session& from, LinkNumber link, std::size_t most, std::deque<Bytes>& queue) {
    Bytes out;
    from.take_output(link, most, out);
    require(out.size() <= most + kMaxData + 8192, "output keeps about to what was asked for");
    for (std::size_t at = 0; at < out.size();) {
      const std::size_t size = (std::size_t{out[at]} << 24U) | (std::size_t{out[at + 1]} << 16U) |
                               (std::size_t{out[at + 2]} << 8U) | std::size_t{out[at + 3]};
      require(out.size() - at - 4 >= size, "output is whole frames");
      const auto begin = out.begin() + static_cast<std::ptrdiff_t>(at + 4);
      queue.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
      at += 4 + size;
    }
  }
  void deliver(LinkNumber link, bool to_server) {
    const auto at = links_.find(link);
    if (at == links_.end()) return;
    auto& queue = to_server ? at->second.to_server : at->second.to_device;
    if (queue.empty()) return;
    const auto message = std::move(queue.front());
    queue.pop_front();
    give(link, to_server, message);
  }
  bool give(LinkNumber link, bool to_server, ByteView message) {
    const auto frame = parse_frame(message);
    require(frame.ok() || !honest_, "what a session says parses");
    if (!frame) return false;
    Result<void> taken;
    const auto* hello = std::get_if<SessionOpen>(&*frame);
    if (to_server && hello != nullptr && first_frame_.count(link) == 0) {
      first_frame_[link] = true;
      const bool known = hello->resume_token && hello->resume_token == server_.token() && !server_.over();
      if (!known) server_ = new_server();
      taken = server_.accept(link, *hello, known);
    } else {
      taken = (to_server ? server_ : device_).on_frame(link, *frame);
    }
    if (!taken) {
      if (honest_) std::fprintf(stderr, "%s\n", to_text(taken.error()).c_str());
      require(!honest_, "an honest peer is never refused");
      require(taken.error().code == Code::stream_rule_broken || taken.error().code == Code::session_is_over,
              "a refusal is of a rule of the session");
      cut(link);
    }
    return taken.ok();
  }
  void open() {
    const auto id = device_.open(ServiceTarget{"echo", ServiceTarget::Protocol::Raw});
    if (id) opened_ = *id;
  }
  void write(Session& from, bool from_device, StreamId id) {
    Bytes bytes(input_.byte() * 100U);
    auto& way = flows_[{id, from_device}];
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = byte_at(id, from_device, way.written + i);
    const auto room = from.writable(id);
    const auto size = from.write(id, bytes);
    require(size == std::min(room, bytes.size()), "write takes what writable has promised");
    way.written += size;
  }
  void read(Session& from, bool from_device, StreamId id, std::size_t most) {
    Bytes bytes(most);
    const auto size = from.read(id, bytes);
    if (!honest_ || size == 0) return;
    auto& way = flows_[{id, from_device}];
    for (std::size_t i = 0; i < size; ++i) {
      require(bytes[i] == byte_at(id, from_device, way.read + i), "every byte arrives once and in order");
    }
    way.read += size;
    require(way.read <= way.written, "nothing arrives that was not written");
  }
  void reset(bool at_device) { (at_device ? device_ : server_).reset(stream(), ResetReason::Cancelled); }
  void pass_time() {
    now_ += Millis(input_.byte() * 20);
    for (auto* session : {&device_, &server_}) {
      session->acknowledge();
      session->on_time(now_);
    }
  }
  void hostile(LinkNumber link, bool to_server) {
    const std::size_t size = input_.byte() * 256U + input_.byte();
    const auto message = input_.bytes(size);
    if (!is_frame(message) || links_.count(link) == 0) return;
    honest_ = false;
    if (give(link, to_server, message)) accept();
  }
  void check() {
    for (auto* session : {&device_, &server_}) {
      require(session->memory() <= kMostMemory, "memory stays within the limits");
      require(session->streams() <= 2 * small_limits().streams, "streams stay within the limits");
      for (const auto& one : session->take_events()) {
        if (const auto* over = std::get_if<LinkOver>(&one)) link_over(over->link);
        if (const auto* opened = std::get_if<Opened>(&one)) server_.accept(opened->stream);
        const auto* gone = std::get_if<Over>(&one);
        if (gone != nullptr && !gone->reason) clean_ends_ = true;
      }
    }
  }
  void link_over(LinkNumber link) {
    links_.erase(link);
    first_frame_.erase(link);
    server_.close_link(link, now_);
    device_.detach(link, now_);
  }
  // A link that stays brings every stream to its end.
  void settle() {
    if (device_.over()) return;
    while (!links_.empty()) cut(links_.begin()->first);
    const LinkNumber link = 9;
    connect(link, true);
    for (int round = 0; round < 200; ++round) {
      pump(link, 64'000);
      while (links_.count(link) != 0 && !links_[link].to_server.empty()) deliver(link, true);
      while (links_.count(link) != 0 && !links_[link].to_device.empty()) deliver(link, false);
      for (StreamId id = 1; id <= opened_; ++id) {
        read(server_, true, id, 50'000);
        read(device_, false, id, 50'000);
        device_.finish(id);
        server_.finish(id);
      }
      device_.acknowledge();
      server_.acknowledge();
      check();
    }
    require(device_.streams() == 0 && server_.streams() == 0, "every stream comes to its end");
    require(device_.memory() == 0 && server_.memory() == 0, "all memory is given back");
    if (clean_ends_) accept();
  }

  Taker& input_;
  std::uint8_t tokens_ = 0;
  Session device_;
  Session server_;
  std::map<LinkNumber, Link> links_;
  std::map<LinkNumber, bool> first_frame_;
  std::map<std::pair<StreamId, bool>, OneWay> flows_;
  StreamId opened_ = 0;
  Millis now_{1000};
  bool honest_ = true;
  bool clean_ends_ = false;
};

}  // namespace
}  // namespace cpns::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cpns::fuzz::Taker input({data, size});
  cpns::fuzz::World(input).run_all();
  return 0;
}
