// In a network namespace of its own, as the owner of a user namespace: nothing of this machine's network is touched.

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "runtime/network_watch.hpp"

namespace asio = cpns::runtime::asio;
using cpns::runtime::NetworkWatch;
using namespace std::chrono_literals;

namespace {

// Switches loopback on or off, which also adds or removes its addresses and routes. Returns what went wrong.
std::string set_loopback(bool up) {
  const int file = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  std::string problem;
  if (::ioctl(file, SIOCGIFFLAGS, &request) != 0) problem = std::strerror(errno);
  request.ifr_flags = static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  if (::ioctl(file, SIOCSIFFLAGS, &request) != 0) problem = std::strerror(errno);
  ::close(file);
  return problem;
}

struct Seen {
  bool watching = false;
  int quiet_calls = 0;  ///< before anything was changed
  int calls = 0;
  std::string problem;
};

// A thread of its own enters the namespace, so that the rest of the process stays where it is.
Seen change_network(int changes) {
  Seen seen;
  std::thread([&seen, changes] {
    if (::unshare(CLONE_NEWNET) != 0) {
      seen.problem = std::string("no network namespace: ") + std::strerror(errno);
      return;
    }
    asio::io_context loop(1);
    asio::steady_timer limit(loop, 5s);
    NetworkWatch watch(loop.get_executor(), [&] { ++seen.calls, limit.cancel(); });
    seen.watching = watch.watching();
    loop.poll();
    seen.quiet_calls = seen.calls;
    for (int i = 0; i < changes && seen.problem.empty(); ++i) seen.problem = set_loopback(i % 2 == 0);
    bool late = false;
    limit.async_wait([&](const boost::system::error_code& cancelled) {
      late = !cancelled;
      loop.stop();
    });
    loop.run();
    if (late) seen.problem = "nothing was said";
  }).join();
  return seen;
}

}  // namespace

TEST(NetworkWatch, when_addresses_and_routes_change_then_it_is_said_once_for_the_burst) {
  const auto seen = change_network(5);
  if (seen.problem.starts_with("no network namespace")) GTEST_SKIP() << seen.problem;
  EXPECT_EQ(seen.problem, "");
  EXPECT_TRUE(seen.watching);
  EXPECT_EQ(seen.quiet_calls, 0);
  EXPECT_EQ(seen.calls, 1);
}

TEST(NetworkWatch, when_it_is_gone_then_nothing_is_said_any_more) {
  asio::io_context loop(1);
  int calls = 0;
  {
    const NetworkWatch watch(loop.get_executor(), [&] { ++calls; });
  }
  loop.run();
  EXPECT_EQ(calls, 0);
}
