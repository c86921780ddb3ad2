#include "ims/sip_gate.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace cpns::ims {
namespace {

using Program = std::vector<sock_filter>;

// A filter of a socket sees the packet from its TCP or UDP header on; SKF_NET_OFF leads back to the IP header.
constexpr std::uint32_t kIpHeader = static_cast<std::uint32_t>(SKF_NET_OFF);
constexpr std::uint32_t kSourceV4 = kIpHeader + 12;
constexpr std::uint32_t kSourceV6 = kIpHeader + 8;
constexpr std::uint32_t kWhole = 0xFFFF'FFFF;

// Connections have it from their listener. sofia gives each message a buffer for all that waits behind it: a burst of 6
// MB takes hundreds of MB otherwise.
constexpr int kWaiting = 65'536;

sock_filter statement(unsigned code, std::uint32_t k) { return BPF_STMT(static_cast<std::uint16_t>(code), k); }
sock_filter unless_equal_skip(std::uint32_t k, std::size_t count) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, static_cast<std::uint8_t>(count));
}

std::uint32_t word_at(const std::uint8_t* octets) {
  std::uint32_t word = 0;
  std::memcpy(&word, octets, sizeof word);
  return ntohl(word);
}

/// Takes the packet whole where its source is `address`; else goes on behind.
bool add(Program& v4, Program& v6, const std::string& address) {
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET, address.c_str(), octets.data()) == 1) {
    v4.push_back(unless_equal_skip(word_at(octets.data()), 1));
    v4.push_back(statement(BPF_RET | BPF_K, kWhole));
    return true;
  }
  if (inet_pton(AF_INET6, address.c_str(), octets.data()) != 1) return false;
  for (std::size_t word = 0; word < 4; ++word) {
    v6.push_back(statement(BPF_LD | BPF_W | BPF_ABS, kSourceV6 + static_cast<std::uint32_t>(4 * word)));
    v6.push_back(unless_equal_skip(word_at(octets.data() + 4 * word), 2 * (3 - word) + 1));
  }
  v6.push_back(statement(BPF_RET | BPF_K, kWhole));
  return true;
}

bool program_of(const std::vector<std::string>& callers, Program& program) {
  if (callers.empty() || callers.size() > kMostCallers) return false;
  Program v4{statement(BPF_LD | BPF_W | BPF_ABS, kSourceV4)};
  Program v6;
  if (!std::ranges::all_of(callers, [&](const auto& caller) { return add(v4, v6, caller); })) return false;
  v4.push_back(statement(BPF_RET | BPF_K, 0));
  v6.push_back(statement(BPF_RET | BPF_K, 0));
  // The version of IP decides: an IPv6 socket may hear IPv4 too.
  program = {statement(BPF_LD | BPF_B | BPF_ABS, kIpHeader), statement(BPF_ALU | BPF_RSH | BPF_K, 4),
             unless_equal_skip(4, v4.size())};
  program.insert(program.end(), v4.begin(), v4.end());
  program.insert(program.end(), v6.begin(), v6.end());
  return true;
}

int option_of(int socket, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/// The port that it hears at; 0 where it hears nothing.
std::uint16_t heard_port(int socket) {
  const int type = option_of(socket, SO_TYPE);
  if (type != SOCK_DGRAM && (type != SOCK_STREAM || option_of(socket, SO_ACCEPTCONN) != 1)) return 0;
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size) != 0) return 0;
  if (at.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(at).sin_port);
  if (at.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(at).sin6_port);
  return 0;
}

}  // namespace

bool hear_only(const std::vector<std::string>& callers, const std::vector<std::uint16_t>& ports) {
  Program program;
  rlimit most{};
  if (ports.empty() || !program_of(callers, program) || getrlimit(RLIMIT_NOFILE, &most) != 0) return false;
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  auto left = ports;
  // sofia does not say which socket is its own; the port does.
  for (int socket = 0; socket < static_cast<int>(std::min<rlim_t>(most.rlim_cur, 1U << 20U)); ++socket) {
    const auto port = heard_port(socket);
    if (port == 0 || std::ranges::find(ports, port) == ports.end()) continue;
    if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0 ||
        setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kWaiting, sizeof kWaiting) != 0) {
      return false;
    }
    std::erase(left, port);
  }
  return left.empty();
}

}  // namespace cpns::ims
