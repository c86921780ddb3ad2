#include "runtime/network_watch.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>

namespace cpns::runtime {

struct NetworkWatch::State : std::enable_shared_from_this<NetworkWatch::State> {
  State(const asio::any_io_executor& executor, OnChange change, std::chrono::milliseconds pause)
      : socket(executor), timer(executor), on_change(std::move(change)), quiet(pause) {}

  void open() {
    const int file = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (file < 0) return;
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;
    if (::bind(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {  // NOLINT
      ::close(file);
      return;
    }
    boost::system::error_code failed;
    socket.assign(file, failed);
    if (failed) ::close(file);
  }

  // What changed does not matter to anyone, so nothing is parsed. ENOBUFS means that something was missed: a change
  // too.
  void drain() {
    std::array<char, 8192> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
    bool changed = false;
    while (true) {
      const auto got = ::recv(socket.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EINTR) continue;
      changed = changed || got > 0 || errno == ENOBUFS;
      if (got <= 0 && errno != ENOBUFS) break;
    }
    if (changed && !std::exchange(announced, true)) announce();
  }

  void announce() {
    timer.expires_after(quiet);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      if (cancelled || !self->on_change) return;
      self->announced = false;
      const auto call = self->on_change;  // it may end this watch
      call();
    });
  }

  void wait() {
    socket.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& failed) {
                        if (failed || !self->on_change) return;
                        self->drain();
                        self->wait();
                      });
  }

  asio::posix::stream_descriptor socket;
  asio::steady_timer timer;
  OnChange on_change;
  std::chrono::milliseconds quiet;
  bool announced = false;
};

NetworkWatch::NetworkWatch(asio::any_io_executor executor, OnChange on_change, std::chrono::milliseconds quiet)
    : state_(std::make_shared<State>(executor, std::move(on_change), quiet)) {
  state_->open();
  if (state_->socket.is_open()) state_->wait();
}

NetworkWatch::~NetworkWatch() {
  state_->on_change = nullptr;
  state_->timer.cancel();
  boost::system::error_code ignored;
  state_->socket.close(ignored);
}

bool NetworkWatch::watching() const { return state_->socket.is_open(); }

}  // namespace cpns::runtime
