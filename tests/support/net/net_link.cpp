#include "support/net/net_link.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <queue>
#include <stdexcept>
#include <thread>

namespace cpns::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMostPacket = 2048;
constexpr int kBatch = 64;  // packets of one end before the other has its turn

int open_tun(const NetLink::End& end) {
  int file = -1;
  end.host.inside([&] {
    file = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    std::strncpy(request.ifr_name, end.device.c_str(), IFNAMSIZ - 1);
    if (file < 0 || ::ioctl(file, TUNSETIFF, &request) != 0) {
      throw std::runtime_error("/dev/net/tun " + end.device + ": " + std::strerror(errno));
    }
  });
  return file;
}

void set_up(const NetLink::End& end) {
  end.host.ip({"addr", "add", end.address, "dev", end.device});
  end.host.ip({"link", "set", end.device, "txqueuelen", "5000", "up"});
}

std::string percent(double share) { return std::to_string(share * 100) + "%"; }

std::vector<std::string> netem_words(const Impairment& how) {
  const auto micro = [](std::chrono::microseconds time) { return std::to_string(time.count()) + "us"; };
  std::vector<std::string> words{"netem", "limit", "10000", "delay", micro(how.delay), micro(how.jitter)};
  if (how.loss > 0) words.insert(words.end(), {"loss", percent(how.loss)});
  if (how.reorder > 0) words.insert(words.end(), {"reorder", percent(how.reorder)});
  if (how.bytes_per_second > 0) {
    words.insert(words.end(), {"rate", std::to_string(static_cast<std::uint64_t>(how.bytes_per_second * 8)) + "bit"});
  }
  return words;
}

// False where the kernel has no netem.
bool set_netem(const NetLink::End& end, const Impairment& how) {
  std::vector<std::string> words{"tc", "-n", end.host.name(), "qdisc", "replace", "dev", end.device, "root"};
  const auto more = how.nothing() ? std::vector<std::string>{"pfifo_fast"} : netem_words(how);
  words.insert(words.end(), more.begin(), more.end());
  try {
    run_tool(words);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

struct NetLink::Impl {
  struct Waiting {
    Clock::time_point at;
    std::uint64_t order;
    Bytes packet;
    bool operator<(const Waiting& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  struct OneWay {
    int from = -1, to = -1;
    PacketFates fates{Impairment{}};
    bool open = true;
    std::priority_queue<Waiting> waiting;
    std::uint64_t taken = 0, last_sent = 0;
    Counts counts;
    Bytes kept;
  };

  Impl(End a, End b) : ends{std::move(a), std::move(b)} {}
  ~Impl() {
    if (thread.joinable()) {
      stop = true;
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = ::write(wake, &one, sizeof one);
      thread.join();
    }
    for (const int file : {files[0], files[1], wake}) {
      if (file >= 0) ::close(file);
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  OneWay& way(Way which) { return ways[static_cast<std::size_t>(which)]; }

  std::array<End, 2> ends;
  std::string by = "the user-space relay";
  std::array<int, 2> files{-1, -1};
  int wake = -1;
  std::atomic<bool> stop{false};
  mutable std::mutex mutex;  // over what follows, which the thread and the owner share
  std::array<OneWay, 2> ways;
  bool translating = false;
  Nat nat;
  std::size_t keep = 0;
  std::thread thread;

  void send(OneWay& way, std::uint64_t order, ByteView packet) {
    if (order < way.last_sent) ++way.counts.overtaken;
    way.last_sent = std::max(way.last_sent, order);
    [[maybe_unused]] const auto ignored = ::write(way.to, packet.data(), packet.size());  // a full queue is a loss
  }

  void take(Way which, std::span<std::uint8_t> packet, Clock::time_point now) {
    auto& own = way(which);
    ++own.counts.packets;
    own.counts.bytes += packet.size();
    const auto order = ++own.taken;
    if (!own.open || (translating && !(which == Way::There ? nat.outward(packet) : nat.inward(packet)))) {
      ++own.counts.blocked;
      return;
    }
    if (const auto payload = tcp_payload(packet); own.kept.size() < keep) {
      own.kept.insert(own.kept.end(), payload.begin(), payload.end());
    }
    const auto at = own.fates.next(packet.size(), now);
    if (!at) {
      ++own.counts.lost;
    } else if (*at <= now && own.waiting.empty()) {
      send(own, order, packet);
    } else {
      own.waiting.push({*at, order, Bytes(packet.begin(), packet.end())});
    }
  }

  // Carries what is there; false where there was nothing.
  bool move_packets(Way which, std::span<std::uint8_t> buffer) {
    const std::lock_guard lock(mutex);
    for (int i = 0; i < kBatch; ++i) {
      const auto size = ::read(way(which).from, buffer.data(), buffer.size());
      if (size <= 0) return i > 0;
      const auto packet = buffer.first(static_cast<std::size_t>(size));
      if (packet[0] >> 4U == 4) take(which, packet, Clock::now());
    }
    return true;
  }

  // Sends what is due; when the next packet is.
  std::optional<Clock::time_point> send_due() {
    const std::lock_guard lock(mutex);
    std::optional<Clock::time_point> next;
    for (auto& way : ways) {
      while (!way.waiting.empty() && way.waiting.top().at <= Clock::now()) {
        if (way.open) send(way, way.waiting.top().order, way.waiting.top().packet);
        way.waiting.pop();
      }
      if (!way.waiting.empty()) next = next ? std::min(*next, way.waiting.top().at) : way.waiting.top().at;
    }
    return next;
  }

  void run() {
    ::prctl(PR_SET_TIMERSLACK, 1);
    std::array<std::uint8_t, kMostPacket> buffer;
    while (!stop) {
      const bool there = move_packets(Way::There, buffer);
      const bool back = move_packets(Way::Back, buffer);
      const auto next = send_due();
      if (there || back) continue;
      std::array<pollfd, 3> polled{{{files[0], POLLIN, 0}, {files[1], POLLIN, 0}, {wake, POLLIN, 0}}};
      timespec limit{};
      if (next) {
        const auto left = std::chrono::nanoseconds(std::max(*next - Clock::now(), Clock::duration::zero())).count();
        limit = {.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
      }
      ::ppoll(polled.data(), polled.size(), next ? &limit : nullptr, nullptr);
    }
  }
};

NetLink::NetLink(End first, End second, Medium medium)
    : impl_(std::make_unique<Impl>(std::move(first), std::move(second))) {
  auto& own = *impl_;
  if (medium == Medium::Veth) {
    run_tool({"ip", "link", "add", own.ends[0].device, "netns", own.ends[0].host.name(), "type", "veth", "peer", "name",
              own.ends[1].device, "netns", own.ends[1].host.name()});
    for (const auto& end : own.ends) set_up(end);
    return;
  }
  for (const std::size_t i : {0, 1}) own.files[i] = open_tun(own.ends[i]);
  own.ways[0].from = own.ways[1].to = own.files[0];
  own.ways[0].to = own.ways[1].from = own.files[1];
  own.wake = ::eventfd(0, EFD_CLOEXEC);
  for (const auto& end : own.ends) set_up(end);
  own.thread = std::thread([&own] { own.run(); });
}

NetLink::~NetLink() = default;

void NetLink::impair(const Impairment& impairment) {
  auto& own = *impl_;
  const bool netem = set_netem(own.ends[0], impairment) && set_netem(own.ends[1], impairment);
  // Without netem, taking an impairment away succeeds too: that says nothing.
  if (!impairment.nothing()) own.by = netem ? "tc netem" : "the user-space relay";
  const std::lock_guard lock(own.mutex);
  auto back = impairment;
  ++back.seed;
  own.ways[0].fates = PacketFates(netem ? Impairment{} : impairment);
  own.ways[1].fates = PacketFates(netem ? Impairment{} : back);
}

const std::string& NetLink::impaired_by() const { return impl_->by; }

void NetLink::cut() {
  cut(Way::There);
  cut(Way::Back);
}

void NetLink::cut(Way way) {
  const std::lock_guard lock(impl_->mutex);
  impl_->way(way).open = false;
}

void NetLink::restore() {
  const std::lock_guard lock(impl_->mutex);
  for (auto& way : impl_->ways) way.open = true;
}

void NetLink::translate() {
  const std::lock_guard lock(impl_->mutex);
  impl_->translating = true;
}

void NetLink::rebind(Rebinding how) {
  const std::lock_guard lock(impl_->mutex);
  impl_->nat.rebind(how);
}

void NetLink::capture(std::size_t most) {
  const std::lock_guard lock(impl_->mutex);
  impl_->keep = most;
  for (auto& way : impl_->ways) way.kept.clear();
}

Bytes NetLink::captured(Way way) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->way(way).kept;
}

NetLink::Counts NetLink::counts(Way way) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->way(way).counts;
}

}  // namespace cpns::test
