// The devices of scripts/bench --only idle: opens direct links, one or more of each device, holds them, answers the
// Server's pings, and asks all of them for an answer of their own. One thread.
//     bench_idle HOST PORT CALLERS LINKS HOLD_SECONDS PID
// PID: the Server. As many links as it takes, as files may be open here, and as leave 2 GiB of memory; one JSON object
// says how many, what stopped it, and what they cost.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <nlohmann/json.hpp>

#include "machine.hpp"
#include "resident.hpp"

namespace cpns::bench {
namespace {

constexpr std::size_t kAtOnce = 64;
constexpr rlim_t kOwnFiles = 32;
/// Of one source address to one port, well within the range of Linux's ports for clients.
constexpr std::size_t kPerAddress = 20'000;
/// Of the machine: other programs want to go on.
constexpr double kLeave = 2e9;

// As many files as `links` need, or as this account may have.
std::size_t raise_file_limit(std::size_t links) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const rlimit wanted{links + kOwnFiles, std::max<rlim_t>(links + kOwnFiles, files.rlim_max)};
  if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) return links;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::size_t>(links, files.rlim_max - kOwnFiles);
}

class Crowd {
 public:
  Crowd(const char* host, const char* port, std::vector<Caller> callers) : callers_(std::move(callers)) {
    to_.sin_family = AF_INET;
    to_.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    if (::inet_pton(AF_INET, host, &to_.sin_addr) != 1) throw std::runtime_error(host);
  }

  /// Why it has opened no more.
  std::string open(std::size_t wanted) {
    const auto most = raise_file_limit(wanted);
    std::string why = most == wanted ? "as many as were asked for"
                                     : "open files of one process: " + std::to_string(most + kOwnFiles) +
                                           ", and this account may not raise that (CAP_SYS_RESOURCE)";
    auto last = Clock::now();
    while (lost_ == 0 && (links_.size() < most || opening_ > 0)) {
      if (memory_available() < kLeave) {
        why = "2 GB of the machine's memory are left";
        break;
      }
      while (opening_ < kAtOnce && links_.size() < most) begin();
      const auto before = open_ + lost_;
      serve(100);
      if (open_ + lost_ > before) {
        last = Clock::now();
      } else if (Clock::now() - last > std::chrono::seconds(20)) {
        return "the Server let nobody in for 20 s";
      }
    }
    const auto end = Clock::now() + std::chrono::seconds(20);
    while (opening_ > 0 && Clock::now() < end) serve(100);
    return lost_ > 0 ? "the Server ended a link: " + first_loss_ : why;
  }

  /// Answers what comes, for so long.
  void hold(double seconds) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < end) serve(100);
  }
  /// Each link asks, and gets its answer; how many did within a minute, and the seconds until the last.
  std::pair<std::size_t, double> ask_all() {
    pongs_ = 0;
    const auto begun = Clock::now();
    const auto end = begun + std::chrono::minutes(1);
    // One after the other, as they would: at once they would all be awake together.
    const double a_second = std::max(2000.0, static_cast<double>(links_.size()) / 40);
    double asked = 0;
    for (auto& link : links_) {
      if (link.open()) link.ping();
      const auto next = begun + std::chrono::duration<double>(++asked / a_second);
      do serve(0);
      while (Clock::now() < next);
    }
    while (pongs_ < open_ && Clock::now() < end) serve(100);
    return {pongs_, std::chrono::duration<double>(Clock::now() - begun).count()};
  }

  [[nodiscard]] std::size_t open_links() const noexcept { return open_; }
  /// Links that were open.
  [[nodiscard]] std::size_t lost() const noexcept { return lost_open_; }

 private:
  using Clock = std::chrono::steady_clock;

  void begin() {
    const auto number = links_.size();
    const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(0x7f000002U + static_cast<std::uint32_t>(number / kPerAddress));
    const int yes = 1;
    ::setsockopt(file, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    ::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (::bind(file, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
        (::connect(file, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0 && errno != EINPROGRESS)) {
      throw std::runtime_error("connect: " + std::string(std::strerror(errno)));
    }
    auto& link = links_.emplace_back(file, callers_[number % callers_.size()]);
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = &link}};
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, file, &event);
    ++opening_;
  }

  // How many links had something.
  int serve(int wait_ms) {
    std::array<epoll_event, 256> events{};
    const int ready = ::epoll_wait(poll_, events.data(), events.size(), wait_ms);
    for (int i = 0; i < ready; ++i) {
      auto& link = *static_cast<Resident*>(events[static_cast<std::size_t>(i)].data.ptr);
      const bool was_open = link.open();
      const bool was_lost = link.lost();
      pongs_ += link.go_on();
      if (!was_open && (link.open() || link.lost())) --opening_;
      if (!was_open && link.open()) ++open_;
      if (!was_lost && link.lost()) {
        ++lost_;
        if (was_open) --open_, ++lost_open_;
        if (first_loss_.empty()) first_loss_ = link.why_lost();
      }
    }
    return ready;
  }

  std::vector<Caller> callers_;
  sockaddr_in to_{};
  int poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::deque<Resident> links_;
  std::size_t opening_ = 0, open_ = 0, lost_ = 0, lost_open_ = 0, pongs_ = 0;
  std::string first_loss_;
};

nlohmann::ordered_json run(char** argv) {
  const auto wanted = std::strtoull(argv[4], nullptr, 10);
  const double hold = std::atof(argv[5]);
  const Process server(std::atoi(argv[6]));
  Crowd crowd(argv[1], argv[2], read_callers(argv[3]));
  const double rss_before = server.resident(), kernel_before = kernel_memory();
  const double cpu_before = server.cpu();
  const auto why = crowd.open(wanted);
  const double cpu_open = server.cpu();
  crowd.hold(3);  // so that both ends have given back what they need at work alone
  const auto links = crowd.open_links();
  const double rss = server.resident(), kernel = kernel_memory() - kernel_before;
  const auto [first_pongs, first_seconds] = crowd.ask_all();
  const double cpu_held = server.cpu();
  crowd.hold(hold);
  const double cpu_end = server.cpu();
  const auto [pongs, seconds] = crowd.ask_all();
  crowd.hold(3);
  const auto per_link = [&](double value) { return value / static_cast<double>(std::max<std::size_t>(links, 1)); };
  return {{"part", "idle"},
          {"links", links},
          {"stopped_by", why},
          {"server_bytes", rss},
          {"server_bytes_before", rss_before},
          {"bytes_per_link", per_link(rss - rss_before)},
          {"kernel_bytes_per_link", per_link(kernel)},
          {"cpu_per_link_opened", per_link(cpu_open - cpu_before)},
          {"cpu_per_link_minute", per_link((cpu_end - cpu_held) * 60 / hold)},
          {"answered_first", first_pongs},
          {"seconds_first", first_seconds},
          {"held_seconds", hold},
          {"answered", pongs},
          {"seconds", seconds},
          {"lost", crowd.lost()},
          {"server_bytes_after", server.resident()}};
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: bench_idle HOST PORT CALLERS LINKS HOLD_SECONDS PID\n");
    return 2;
  }
  try {
    std::printf("%s\n", cpns::bench::run(argv).dump().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_idle: %s\n", error.what());
    return 1;
  }
  return 0;
}
