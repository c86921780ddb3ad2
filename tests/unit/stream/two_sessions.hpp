#pragma once
// Two sessions and the links between them, under a test's hand: frames wait in queues until the test delivers them.

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "core/stream/session.hpp"

namespace cpns::stream::test {

using Millis = std::chrono::milliseconds;

inline const ServiceTarget kEcho{"echo", ServiceTarget::Protocol::Raw};

inline std::string sample(std::size_t size, std::uint32_t seed = 1) {
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24U);
  return text;
}

class TwoSessions {
 public:
  explicit TwoSessions(Limits limits = {})
      : limits_(limits), device(Side::Device, limits, {}, run), server(Side::Server, limits, token(1), run) {}

  static ResumeToken token(std::uint8_t n) { return ResumeToken{{n}}; }

  /// A new link; the Server answers when the SessionOpen is delivered.
  LinkNumber connect(bool preferred) {
    const auto number = next_link_++;
    links_[number];
    device.attach(number, preferred);
    return number;
  }
  /// Cut without a sign: what is under way is gone, both sides notice.
  void cut(LinkNumber number) {
    links_.erase(number);
    device.detach(number, now);
    server.detach(number, now);
    collect();
  }
  /// Cut where only one side has noticed so far.
  void cut_for(Side side, LinkNumber number) {
    links_.erase(number);
    (side == Side::Device ? device : server).detach(number, now);
    collect();
  }
  /// Another process takes the Server's place and knows nothing.
  void restart_server(Limits limits) {
    limits_ = limits;
    server = Session(Side::Server, limits, token(++tokens_), run);
  }
  /// Moves what both sides have to say into the queues.
  void pump(std::size_t most = 64'000) {
    for (auto& [number, link] : links_) {
      take(device, number, link.to_server, most);
      take(server, number, link.to_device, most);
    }
  }
  /// One message in one direction; false where there is none.
  bool deliver_one(LinkNumber number, Side to) {
    const auto at = links_.find(number);
    if (at == links_.end()) return false;
    auto& queue = to == Side::Server ? at->second.to_server : at->second.to_device;
    if (queue.empty()) return false;
    const auto message = std::move(queue.front());
    queue.pop_front();
    ++delivered;
    const auto frame = parse_frame(message);
    EXPECT_TRUE(frame.ok());
    if (!frame) return true;
    Result<void> taken;
    const auto* open = std::get_if<SessionOpen>(&*frame);
    if (to == Side::Server && open != nullptr) {
      const bool known = open->resume_token && server.token() == open->resume_token && !server.over();
      if (!known && (open->resume_token || server.links() > 0))
        server = Session(Side::Server, limits_, token(++tokens_), run);
      taken = server.accept(number, *open, known);
    } else {
      taken = (to == Side::Server ? server : device).on_frame(number, *frame);
    }
    EXPECT_TRUE(taken.ok()) << frame_name(*frame) << ": " << (taken ? "" : to_text(taken.error()));
    collect();
    return true;
  }
  /// Until nothing is left to deliver. `also` runs between deliveries.
  void settle(const std::function<void()>& also = [] {}) {
    for (int quiet = 0; quiet < 2;) {
      pump();
      bool any = false;
      for (const auto number : numbers()) {
        while (deliver_one(number, Side::Server)) any = true;
        while (deliver_one(number, Side::Device)) any = true;
      }
      const auto before = delivered;
      also();
      if (!any) {
        device.acknowledge();
        server.acknowledge();
        ++quiet;
      } else {
        quiet = 0;
      }
      (void)before;
    }
  }
  [[nodiscard]] std::vector<LinkNumber> numbers() const {
    std::vector<LinkNumber> made;
    for (const auto& [number, link] : links_) made.push_back(number);
    return made;
  }
  [[nodiscard]] std::size_t waiting(LinkNumber number, Side to) const {
    const auto at = links_.find(number);
    if (at == links_.end()) return 0;
    return (to == Side::Server ? at->second.to_server : at->second.to_device).size();
  }
  /// Takes the events of both sides into the lists below.
  void collect() {
    for (auto& event : device.take_events()) {
      if (const auto* over = std::get_if<LinkOver>(&event)) {
        server.close_link(over->link, now);
        links_.erase(over->link);
      }
      device_events.push_back(std::move(event));
    }
    for (auto& event : server.take_events()) {
      if (const auto* over = std::get_if<LinkOver>(&event)) {  // the Device has said that it is gone
        links_.erase(over->link);
        device.detach(over->link, now);
      }
      server_events.push_back(std::move(event));
    }
  }
  template <class T>
  [[nodiscard]] static std::vector<T> all(const std::vector<Event>& events) {
    std::vector<T> found;
    for (const auto& event : events) {
      if (const auto* one = std::get_if<T>(&event)) found.push_back(*one);
    }
    return found;
  }
  /// A raw stream that the Server has accepted.
  StreamId open_stream() {
    const auto id = device.open(ServiceTarget{"echo", ServiceTarget::Protocol::Raw});
    EXPECT_TRUE(id.ok());
    settle();
    server.accept(*id);
    settle();
    return *id;
  }
  static std::string read_all(Session& from, StreamId id) {
    std::string text;
    std::array<std::uint8_t, 5000> part;
    while (const auto size = from.read(id, part)) text.append(as_text(ByteView(part).first(size)));
    return text;
  }

 private:
  struct Link {
    std::deque<Bytes> to_server;
    std::deque<Bytes> to_device;
  };

  static void take(Session& from, LinkNumber number, std::deque<Bytes>& queue, std::size_t most) {
    Bytes out;
    from.take_output(number, most, out);
    for (std::size_t at = 0; at < out.size();) {
      const std::size_t size = (std::size_t{out[at]} << 24U) | (std::size_t{out[at + 1]} << 16U) |
                               (std::size_t{out[at + 2]} << 8U) | std::size_t{out[at + 3]};
      const auto begin = out.begin() + static_cast<std::ptrdiff_t>(at + 4);
      queue.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
      at += 4 + size;
    }
  }

  Limits limits_;
  std::map<LinkNumber, Link> links_;
  LinkNumber next_link_ = 1;
  std::uint8_t tokens_ = 1;

 public:
  const ids::CorrelationId run{{1, 2, 3, 4, 5, 6, 7, 8}};
  Millis now{1000};
  Session device;
  Session server;
  std::vector<Event> device_events;
  std::vector<Event> server_events;
  std::size_t delivered = 0;
};

}  // namespace cpns::stream::test
