#include "returning.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace cpns::bench {
namespace {

using activation::Comeback;
using std::chrono::milliseconds;

// As in device/dial.hpp, and activation::Policy where no link is up.
constexpr milliseconds kConnect{5'000};
constexpr milliseconds kHandshake{10'000};
constexpr milliseconds kFirstPause{1'000};
constexpr milliseconds kLongestPause{15'000};

int connect_from(std::uint32_t from, const Address& address) {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (file < 0) throw std::runtime_error("socket: " + std::string(std::strerror(errno)));
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(from);
  const int yes = 1;
  ::setsockopt(file, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  ::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (::bind(file, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
      (::connect(file, reinterpret_cast<const sockaddr*>(&address.to), sizeof address.to) != 0 &&
       errno != EINPROGRESS)) {
    throw std::runtime_error("connect: " + std::string(std::strerror(errno)));
  }
  return file;
}

double seconds(Clock::duration span) { return std::chrono::duration<double>(span).count(); }

}  // namespace

Address::Address(const char* host, const char* port) {
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (::inet_pton(AF_INET, host, &to.sin_addr) != 1) throw std::runtime_error(host);
}

struct ReturningDevices::Device {
  const Caller* caller = nullptr;
  std::uint32_t from = 0;
  Comeback comeback{Comeback::kUsualWindow};
  milliseconds pause{0};
  int file = -1;                   // while it connects; then the link has it
  std::unique_ptr<Resident> link;  // once it is connected
  unsigned tries = 0;
  Clock::time_point began;
  Returned result;
};

ReturningDevices::ReturningDevices(const Address& to, const std::vector<Caller>& callers, std::size_t first,
                                   std::size_t step, milliseconds within, Clock::time_point begin)
    : to_(to),
      begin_(begin),
      outside_(0),
      poll_(::epoll_create1(EPOLL_CLOEXEC)),
      dice_(static_cast<std::mt19937::result_type>(first + 1)) {
  for (auto i = first; i < callers.size(); i += step) {
    auto& device = *devices_.emplace_back(std::make_unique<Device>());
    device.caller = &callers[i];
    device.from = 0x7f010000U + static_cast<std::uint32_t>(i);
    device.comeback.told(within);
    due_.push({begin + device.comeback.after_loss(milliseconds{0}, chance()), &device, 0});
  }
  outside_ = devices_.size();
}

ReturningDevices::~ReturningDevices() { ::close(poll_); }

std::vector<Returned> ReturningDevices::run(Clock::time_point end) {
  std::array<epoll_event, 256> events{};
  while (outside_ > 0 && Clock::now() < end) {
    const int ready = ::epoll_wait(poll_, events.data(), events.size(), 1);
    for (int i = 0; i < ready; ++i) {
      go_on(*static_cast<Device*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
    take_due();
  }
  std::vector<Returned> results;
  for (const auto& device : devices_) results.push_back(device->result);
  return results;
}

// A few at a time: those that are under way come first.
void ReturningDevices::take_due() {
  for (int taken = 0; taken < 64 && !due_.empty() && due_.top().at <= Clock::now(); ++taken) {
    const auto due = due_.top();
    due_.pop();
    if (due.number == 0) {
      begin(*due.device);
    } else if (due.number == due.device->tries && (due.device->file >= 0 || due.device->link)) {
      came_to_nothing(*due.device, false);
    }
  }
}

void ReturningDevices::begin(Device& device) {
  device.began = Clock::now();
  ++device.tries;
  device.file = connect_from(device.from, to_);
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = &device}};
  ::epoll_ctl(poll_, EPOLL_CTL_ADD, device.file, &event);
  due_.push({device.began + kConnect, &device, device.tries});
}

void ReturningDevices::go_on(Device& device) {
  if (device.file >= 0) {
    int failed = 0;
    socklen_t size = sizeof failed;
    ::getsockopt(device.file, SOL_SOCKET, SO_ERROR, &failed, &size);
    if (failed != 0) return came_to_nothing(device, true);
    device.link = std::make_unique<Resident>(std::exchange(device.file, -1), *device.caller);
    // Its limit while it connected is over; those of later tries have other numbers.
    ++device.tries;
    due_.push({Clock::now() + kHandshake, &device, device.tries});
  }
  if (!device.link) return;
  (void)device.link->go_on();
  if (device.link->lost()) return came_to_nothing(device, true);
  if (!device.link->open()) return;
  const auto now = Clock::now();
  device.result.in_after = seconds(now - begin_);
  device.result.last_try = seconds(now - device.began);
  device.link.reset();
  --outside_;
}

void ReturningDevices::came_to_nothing(Device& device, bool turned_away) {
  if (device.file >= 0) ::close(std::exchange(device.file, -1));
  device.link.reset();
  auto wait = milliseconds{0};
  if (turned_away) {
    ++device.result.turned_away;
    wait = device.comeback.after_turned_away(chance());
  } else {
    ++device.result.timed_out;
    device.pause = device.pause.count() == 0 ? kFirstPause : std::min(device.pause * 2, kLongestPause);
    wait = device.pause / 2 + device.pause / 2 * chance() / 0xffff;
  }
  due_.push({Clock::now() + wait, &device, 0});
}

milliseconds ask_when_to_return(const Address& to, const Caller& caller) {
  Resident device(connect_from(INADDR_LOOPBACK, to), caller);
  const auto end = Clock::now() + std::chrono::seconds(20);
  // Its Pong comes behind whatever the Server has to tell on a new link.
  bool asked = false;
  while (Clock::now() < end && !device.lost()) {
    const auto pongs = device.go_on();
    if (pongs > 0) return device.told();
    if (device.open() && !std::exchange(asked, true)) device.ping();
    ::usleep(1'000);
  }
  throw std::runtime_error("a device got no answer: " + device.why_lost());
}

}  // namespace cpns::bench
